import { test, expect } from 'bun:test';
import { DeclaredStage } from './declared_stage.ts';
import { after, functionsText, onceAt, stepAt } from './declared_text.ts';
test('x', async () => {
  const range = (n: number) => Array.from({length: n}, (_, i) => i);
  const big = Object.fromEntries(range(3).map(i => [`b${i}`, onceAt('/big/x')]));
  const wide = Object.fromEntries(range(300).map(i => [`w${i}`, onceAt('/wide/x')]));
  const deep = Object.fromEntries(range(150).map(i => [`d${i}`, onceAt('/deep/x', i ? after(`d${i-1}`) : {})]));
  const stage = await DeclaredStage.open('embedded', {'f.json': functionsText({
    big: { steps: { ...big, all: onceAt('/big/all', {...after('b0','b1','b2'), join: 'all'}), then: onceAt('/big/then', { after: [{step:'all', if: "size(steps['b1'].body.text) > 10"}]}) } },
    wide: { steps: { ...wide, all: onceAt('/wide/all', {...after(...Object.keys(wide)), join: 'all'}) } },
    deep: { steps: deep },
    moved: { steps: { a: onceAt('/moved/a'), b: onceAt('/moved/b', after('a')) } },
    loop: { steps: { a: onceAt('/loop/a') } },
    batch: { batch: {maxSize: 2, timeout: '30s'}, steps: { a: onceAt('/batch/a', ), b: onceAt('/batch/b', after('a')) } },
    re: { steps: { a: onceAt('/re/a'), b: onceAt('/re/b', after('a')), c: onceAt('/re/c', after('b')) } },
    limits: { timeouts: { finish: '2s' }, steps: { a: onceAt('/limits/a'), b: onceAt('/limits/b', after('a')) } },
    one: { concurrency: 1, steps: { a: onceAt('/one/a'), b: onceAt('/one/b'), c: onceAt('/one/c', {...after('a','b'), join:'all'}) } },
  })}, {
    '/big/x': () => ({ body: { text: 'x'.repeat(3_000_000) } }),
    '/moved/a': (call) => call.path.includes('?there') ? { body: { seen: call.request.ctx.step_id } } : ({ status: 307, headers: { location: '/moved/a?there' } }),
    '/loop/a': () => ({ status: 307, headers: { location: '/loop/a' } }),
  });
  const steps = stage.steps;
  for (const n of ['big','wide','deep','moved','loop','re','one']) {
    const t = performance.now();
    const run = await stage.endedOne(await stage.send({name:`${n}/wanted`, data:{}}));
    console.log(n, run.status, Math.round(performance.now()-t)+'ms', JSON.stringify(run.output).slice(0,300), stage.callsOf(run).length, stage.callsOf(run).at(-1)?.text.length);
    if (n === 're') {
      const gql = async (query: string, variables: any) => console.log(JSON.stringify(await (await fetch(stage.server.url+'/v0/gql',{method:'POST',headers:{'content-type':'application/json'},body:JSON.stringify({query,variables})})).json()));
      const before = steps.calls.length;
      const r: any = await (await fetch(stage.server.url+'/v0/gql',{method:'POST',headers:{'content-type':'application/json'},body:JSON.stringify({query:'mutation($r: ULID!){ rerun(runID:$r) }',variables:{r: run.run_id}})})).json();
      console.log(JSON.stringify(r));
      const id = r.data?.rerun;
      if (id) { const { eventually } = await import('../eventually.ts'); const { hasEnded } = await import('./server_client.ts'); const x = await eventually(async()=>{const q=await stage.client.run(id); return hasEnded(q)&&q}); console.log(x.status, steps.calls.slice(before).map(c=>c.path)); }
      const t: any = (await (await fetch(stage.server.url+`/v1/runs/${run.run_id}/trace`)).json());
      const b = t.data.root_span.children.find((c: any)=>c.name==='b' && c.step_type==='RUN');
      const before2 = steps.calls.length;
      const r2: any = await (await fetch(stage.server.url+'/v0/gql',{method:'POST',headers:{'content-type':'application/json'},body:JSON.stringify({query:'mutation($r: ULID!, $s: String!){ rerun(runID:$r, fromStep:{stepID:$s}) }',variables:{r: run.run_id, s: b.step_id}})})).json();
      console.log(JSON.stringify(r2), b.step_id);
      const id2 = r2.data?.rerun;
      if (id2) { const { eventually } = await import('../eventually.ts'); const { hasEnded } = await import('./server_client.ts'); const x = await eventually(async()=>{const q=await stage.client.run(id2); return hasEnded(q)&&q}); console.log(x.status, JSON.stringify(x.output), steps.calls.slice(before2).map(c=>c.path), JSON.stringify(steps.calls.at(-1)?.request.steps), JSON.stringify(steps.calls.slice(before2).map(c=>c.request.ctx))); }
    }
  }
  { const a = await stage.send({name:'batch/wanted', data:{n:1}}); await stage.send({name:'batch/wanted', data:{n:2}}); const run = await stage.endedOne(a); console.log('batch', run.status, stage.callsOf(run).map(c=>[c.path, (c.request.events as any)?.length])); }
  { stage.holdNext('/limits/a'); const a = await stage.send({name:'limits/wanted', data:{}}); await stage.whenHeld(['/limits/a']); await new Promise(r=>setTimeout(r,2500)); stage.release('/limits/a'); const run = await stage.endedOne(a); console.log('limits', run.status, JSON.stringify(run.output), stage.callsOf(run).map(c=>c.path)); }
  const inv = await fetch(`${stage.server.url}/invoke/cue-re`, {method:'POST', body: JSON.stringify({data:{n:1}})}); console.log(inv.status, await inv.text());
  console.log((await stage.server.logs()).split('\n').filter(l=>!l.includes('"info"')).join('\n').slice(0,3000));
  await stage.close();
}, 100000);
