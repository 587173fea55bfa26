// Validates backups with Signal's own library. Arguments: the folder
// node_modules, a recovery key, the account's ACI, then files main. Prints a
// line of JSON for each.
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, accountEntropy, aci, ...files] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), 'x.js'));
const library = require.resolve('@signalapp/libsignal-client');
const signal = await import(pathToFileURL(library));
const { MessageBackupKey, Purpose, validate } = await import(pathToFileURL(join(library, '..', 'MessageBackup.js')));

class Input extends signal.io.InputStream {
  constructor(file) { super(); this.file = file; this.at = 0; }
  async read(amount) {
    const { bytesRead, buffer } = await this.file.read(Buffer.alloc(amount), 0, amount, this.at);
    this.at += bytesRead;
    return buffer.subarray(0, bytesRead);
  }
  async skip(amount) { this.at += amount; }
  async close() {}
}

const key = new MessageBackupKey({ accountEntropy, aci: signal.Aci.parseFromServiceIdString(aci) });
for (const name of files) {
  const file = await open(name);
  const { size } = await file.stat();
  let out;
  try {
    const { errorMessage, unknownFieldMessages } = await validate(key, Purpose.RemoteBackup, () => new Input(file), BigInt(size));
    out = { error: errorMessage, unknown: unknownFieldMessages.length };
  } catch (e) {
    out = { error: String(e), unknown: 0 };
  }
  console.log(JSON.stringify(out));
  await file.close();
}
