/** Applies batches of row operations. */
import type { Database, Statement } from 'bun:sqlite';
import { codeOf, countChecksum, keySeal, partChecksum } from './row_checksum.ts';
import { type Operand, rowOp } from './row_ops.ts';

type Write = (operands: readonly Operand[]) => void;

interface Operation {
  readonly operands: number;
  readonly write: Write;
}

/** Applies one batch in one transaction: all of it is on disk when this returns, or none of it. */
export function batchWriter(db: Database): (ops: readonly Operand[]) => void {
  const operations = operationsOn(db);
  const apply = db.transaction((ops: readonly Operand[]) => {
    for (let at = 0; at < ops.length; ) {
      const operation = operations.get(ops[at]);
      if (!operation) throw new Error(`batch: unknown operation ${ops[at]} at ${at}`);
      const next = at + 1 + operation.operands;
      operation.write(ops.slice(at + 1, next));
      at = next;
    }
  });
  return (ops) => apply.immediate(ops);
}

/** Notes how many rows there are, so that one which vanished is missed at the next start. */
export function putCounts(db: Database): (keyRows: number, partRows: number) => void {
  const statement = db.query<unknown, [string]>(
    "INSERT OR REPLACE INTO meta (name, value) VALUES ('counts', ?)",
  );
  return (keyRows, partRows) =>
    statement.run(`${keyRows} ${partRows} ${countChecksum(keyRows, partRows)}`);
}

function operationsOn(db: Database): Map<Operand | undefined, Operation> {
  const plain = (operands: number, sql: string): Operation => {
    const statement: Statement<unknown, Operand[]> = db.query(sql);
    return { operands, write: (values) => statement.run(...values) };
  };
  const counts = putCounts(db);
  return new Map<Operand | undefined, Operation>([
    [rowOp.putKey, { operands: 6, write: keyWriter(db) }],
    [rowOp.dropKey, plain(1, 'DELETE FROM keys WHERE id = ?')],
    [rowOp.putPart, { operands: 3, write: partWriter(db) }],
    [rowOp.dropPart, plain(2, 'DELETE FROM parts WHERE id = ? AND part = ?')],
    [rowOp.dropParts, plain(1, 'DELETE FROM parts WHERE id = ?')],
    [rowOp.dropPartsBefore, plain(2, 'DELETE FROM parts WHERE id = ? AND part < ?')],
    [rowOp.dropPartsFrom, plain(2, 'DELETE FROM parts WHERE id = ? AND part >= ?')],
    [
      rowOp.putCounts,
      {
        operands: 2,
        write: ([keyRows, partRows]) => counts(Number(keyRows), Number(partRows)),
      },
    ],
  ]);
}

/** Checksums are made here, in the thread that waits for the disk anyway. */
function keyWriter(db: Database): Write {
  const statement: Statement<unknown, Operand[]> = db.query(
    'INSERT OR REPLACE INTO keys (id, k, expires_at_ms, seal, v) VALUES (?, ?, ?, ?, ?)',
  );
  return ([id = 0, k = '', kind, isSplit, expiresAtMs = 0, v = null]) => {
    const value = v === null ? null : String(v);
    const code = codeOf(Number(kind), Number(isSplit));
    const seal = keySeal(Number(id), String(k), code, Number(expiresAtMs), value);
    statement.run(id, k, expiresAtMs, seal, value);
  };
}

function partWriter(db: Database): Write {
  const statement: Statement<unknown, Operand[]> = db.query(
    'INSERT OR REPLACE INTO parts (id, part, v, sum) VALUES (?, ?, ?, ?)',
  );
  return (values) => {
    const [id, part, v = null] = values;
    statement.run(...values, partChecksum(Number(id), part ?? '', v));
  };
}
