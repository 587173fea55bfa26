// Package archive stores a Signal backup decoded, as a tree of files, and reads
// it back. FindAll says what a path holds, Source.Open opens one backup with the
// user's key, Backup.Store writes it into a Tree; Open reads such a tree.
//
// The tree, whose bytes FORMAT.md tells (section 13):
//
//	envelope                      Envelope: what it was, and the derived keys
//	frames                        all records that are not messages of a chat
//	order                         how frames and chats/ followed each other
//	chats/<32 hex>/<YYYY-MM>[.n]  the messages of one conversation and month
//	media/<2 hex>/<64 hex>        media by the SHA-256 of their bytes
//	timers                        which files of chats/ have messages with timers
//	avatars                       of a legacy file: pictures of conversations
//	legacy/frames, layout, blobs  of a legacy file: the file taken apart
//	export/main.jsonl, …          of a plaintext export: its files as they are
//
// What always holds:
//   - No byte of an encrypted backup is believed before its MAC was checked;
//     nothing protects a record stream or an export. A file of media is stored
//     only if it is the one that its message names.
//   - Records of modern backups are stored as they are, damaged and unknown
//     ones too, and come back one by one equal and in order.
//   - The tree depends on the backup alone, but for media that were taken over
//     from an earlier one, so what did not change is stored once.
//   - Memory does not grow with the backup, but for some 200 bytes for each
//     file of media, as many for each further place of it, and 32 for each
//     message of a legacy file. Nothing is
//     written in the clear anywhere but into the Tree.
//   - The user's key is not stored, only the keys of that one backup. Keys
//     print as [secret]; errors and reports carry names of files, hashes and
//     offsets, no content.
package archive
