package modern

import (
	"compress/gzip"
	"io"

	"bakfs/signal"
)

// A MainWriter writes an encrypted main: records, compressed as one member,
// zeros to a length that hides the true one, sealed.
type MainWriter struct {
	records *signal.RecordWriter
	zip     *gzip.Writer
	sealer  *sealer
}

// NewMainWriter returns a writer of a main to w, which gets large writes. The
// IV must be random, or at least never have been used with these keys for
// other records.
func NewMainWriter(w io.Writer, keys Keys, iv [16]byte) (*MainWriter, error) {
	s, err := newSealer(w, []byte(keys.Cipher.Reveal()), []byte(keys.MAC.Reveal()), iv)
	if err != nil {
		return nil, err
	}
	// Three times as fast as the default, for files a tenth larger.
	z, err := gzip.NewWriterLevel(s, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	return &MainWriter{signal.NewRecordWriter(z), z, s}, nil
}

// Write writes one record as it is: the BackupInfo first, then the frames.
func (m *MainWriter) Write(rec []byte) error { return m.records.Write(rec) }

// Close ends the main. It does not close the writer below.
func (m *MainWriter) Close() error {
	if err := m.zip.Close(); err != nil {
		return err
	}
	if err := m.sealer.pad(); err != nil {
		return err
	}
	return m.sealer.close()
}
