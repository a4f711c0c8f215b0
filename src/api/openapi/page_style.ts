/** How the page of a document looks: the browser's own fonts, light or dark as the reader has set it. */
export const pageStyle = `
:root{color-scheme:light dark;--text:#1c1e21;--back:#fff;--line:#d8dce2;--soft:#f5f6f8;--link:#0b57d0}
@media (prefers-color-scheme:dark){:root{--text:#e4e6ea;--back:#16181c;--line:#353a42;--soft:#1f2228;--link:#8ab4f8}}
body{margin:0 auto;max-width:76rem;padding:1.5rem;color:var(--text);background:var(--back);font:16px/1.5 system-ui,sans-serif}
a{color:var(--link)}small{font-weight:400;opacity:.7}
nav ul{columns:18rem;padding-left:1.2rem}nav ul ul{columns:auto}
article{border:1px solid var(--line);border-radius:.5rem;padding:0 1rem 1rem;margin:1rem 0}
pre,code{font:13px/1.45 ui-monospace,monospace}pre{background:var(--soft);padding:.6rem;border-radius:.3rem;overflow:auto;max-height:24rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}
dt{font-weight:600}dd{margin:0 0 .4rem 1.2rem}.type{opacity:.7;margin:.2rem 0}
.call b{display:inline-block;min-width:4rem}
`;
