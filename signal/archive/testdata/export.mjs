// Writes what Signal's own library exports of a record stream. Arguments: the
// folder node_modules, the file of records.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, name] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), 'x.js'));
const library = require.resolve('@signalapp/libsignal-client');
const MessageBackup = await import(pathToFileURL(join(library, '..', 'MessageBackup.js')));

const records = readFileSync(name);
function next(at) {
  let size = 0, shift = 0, b;
  do { b = records[at++]; size += (b & 127) * 2 ** shift; shift += 7; } while (b & 128);
  return [at, at + size];
}
const [begin, end] = next(0);
const { exporter, chunk } = MessageBackup.BackupJsonExporter.start(records.subarray(begin, end), { validate: false });
process.stdout.write(chunk.trimEnd() + '\n');
for (let at = end; at < records.length;) {
  const [, end] = next(at);
  for (const { line } of exporter.exportFrames(records.subarray(at, end))) {
    if (line !== undefined) process.stdout.write(line.trimEnd() + '\n');
  }
  at = end;
}
