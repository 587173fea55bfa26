package modern

import (
	"bytes"
	"io"

	"bakfs/signal"
)

// A Kind is what a file looks like from its beginning.
type Kind int

// The kinds of file. A sealed main has no mark at all: any bytes may be one.
const (
	Unrecognised Kind = iota
	Sealed            // may be an encrypted main: nothing speaks against it
	Remote            // a backup from Signal's servers
	Plain             // an unencrypted record stream
	Export            // main.jsonl
)

// Detect looks at the beginning of a file of size bytes. Folders are Locate's.
func Detect(r io.ReaderAt, size int64) (Kind, error) {
	head := make([]byte, min(size, 4096))
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return Unrecognised, err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte(remoteMagic)):
		return Remote, nil
	case isExport(head):
		return Export, nil
	case isPlain(head):
		return Plain, nil
	case checkSize(size) == nil:
		return Sealed, nil
	}
	return Unrecognised, nil
}

// isExport reports whether head begins with the first line of an export.
func isExport(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	var info signal.BackupInfo
	_, err := signal.UnmarshalJSON(bytes.TrimSpace(line), &info)
	return err == nil && info.BackupTimeMs != 0
}

// maxPlainVersion is a version that streams will not have for long. It must not be
// large: a stream is told from any bytes by it.
const maxPlainVersion = 15

// isPlain reports whether head begins with a BackupInfo of a version and a time
// that can be.
func isPlain(head []byte) bool {
	rec, err := signal.NewRecordReader(bytes.NewReader(head)).Next()
	var info signal.BackupInfo
	return err == nil && signal.Unmarshal(rec, &info) == nil &&
		info.Version > 0 && info.Version <= maxPlainVersion && info.BackupTimeMs != 0 && signal.UnknownFields(&info) == 0
}
