// Package signal holds the model of a Signal message history and the record
// stream that carries it: a varint length and a record, the first record a
// BackupInfo, each further one a Frame. The packages below it open the files
// that apps write (modern: the folder backup and the plaintext export; legacy:
// the older Android file) and all fill this one model.
//
// What always holds:
//   - Nothing is lost. Fields, kinds and enum values that this package does
//     not know stay in the model's Unknown fields or as numbers, and come out
//     again where they were. A record written in ascending field order comes
//     out byte for byte.
//   - No input panics, recurses without end, or allocates more than a fixed
//     multiple of a record's size; a record is at most MaxRecord bytes.
//   - What is a secret has type Secret and prints as [secret] under every fmt
//     verb and in encoding/json. Errors carry positions, never content.
//
// Each message lists its fields once, in its fields method; reading, writing,
// JSON and walking are all made from that list.
package signal
