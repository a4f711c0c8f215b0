/** Functions declared in documents as the registration of their app. */
import { documentApp } from './document_app.ts';
import { type DeclaredFunction, type Registration, withChecksum } from './registration.ts';

/** The app is what the documents say: a function that has left them leaves the app. */
export function documentRegistration(functions: readonly DeclaredFunction[]): Registration {
  return withChecksum({
    name: documentApp,
    url: `${documentApp}://`,
    sdkLanguage: documentApp,
    sdkVersion: '',
    framework: '',
    appVersion: '',
    method: 'api',
    functions,
    warnings: [],
  });
}
