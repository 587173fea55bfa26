// Package legacy reads and writes Signal's older Android backup, a file
// signal-<date>.backup: the app's database row by row, each row a frame that
// is encrypted by itself, with the media in between. It is section D of the
// format's description.
//
// What always holds:
//   - Nothing read from a file is handed out before its MAC has been checked.
//   - Header, frames and blobs, with the derived keys, are all there is to a
//     file: Encoder and File make the same bytes again from them.
//   - Memory is bounded by the largest frame, never by the file.
//   - One damaged frame or blob is reported with its offset and loses itself
//     only, wherever the place at which the next one begins can be proved.
//   - Keys and passphrases print as [secret]; errors carry offsets, no content.
//
// History turns the rows into the model of package signal.
package legacy
