package modern

import (
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"io"

	"bakfs/signal"
)

// A MainWriter writes an encrypted main: records, compressed as one member,
// zeros to a length that hides the true one, sealed.
type MainWriter struct {
	records *signal.RecordWriter
	zip     *zipper
	sealer  *sealer
	ended   bool // all records are written
}

// NewMainWriter returns a writer of a main to w, which gets large writes. The
// IV must be random, or at least never have been used with these keys for
// other records.
func NewMainWriter(w io.Writer, keys Keys, iv [16]byte) (*MainWriter, error) {
	s, err := newSealer(w, []byte(keys.Cipher.Reveal()), []byte(keys.MAC.Reveal()), iv)
	if err != nil {
		return nil, err
	}
	m := newMain(s, zipState{})
	_, err = s.Write([]byte(gzipHeader))
	return m, err
}

func newMain(s *sealer, at zipState) *MainWriter {
	z := newZipper(s, at)
	return &MainWriter{records: signal.NewRecordWriter(z), zip: z, sealer: s}
}

// Write writes one record as it is: the BackupInfo first, then the frames.
func (m *MainWriter) Write(rec []byte) error { return m.records.Write(rec) }

// Close ends the main. It does not close the writer below.
func (m *MainWriter) Close() error {
	for more := true; more; {
		var err error
		if more, err = m.tail(1 << 30); err != nil {
			return err
		}
	}
	return nil
}

// tail writes the next piece of what follows the records, with at most so
// many of the zeros, and tells whether there is more.
func (m *MainWriter) tail(zeros int64) (more bool, err error) {
	if !m.ended {
		m.ended = true
		return true, m.zip.close()
	}
	left, err := m.sealer.pad(zeros)
	if err != nil || left > 0 {
		return true, err
	}
	return false, m.sealer.close()
}

// A mainState is where a main can be written on.
type mainState struct {
	zip    zipState
	sealer sealerState
	ended  bool
}

// cut makes what follows independent of what was written, but for the state
// that it returns. All that is complete has been written.
func (m *MainWriter) cut() (s mainState, err error) {
	if s.ended = m.ended; !m.ended {
		if err := m.zip.cut(); err != nil {
			return s, err
		}
		s.zip = m.zip.at
	}
	s.sealer, err = m.sealer.cut()
	return s, err
}

// resumeMain returns a writer that writes on where another was cut.
func resumeMain(w io.Writer, keys Keys, at mainState) (*MainWriter, error) {
	s, err := resumeSealer(w, []byte(keys.Cipher.Reveal()), at.sealer)
	if err != nil {
		return nil, err
	}
	m := newMain(s, at.zip)
	m.ended = at.ended
	return m, nil
}

// gzipHeader begins a member: no name, no time, made with speed in mind on no
// system in particular.
const gzipHeader = gzipMagic + "\x00\x00\x00\x00\x00\x04\xff"

// A zipper writes the content of one gzip member, whose header is written
// already, in parts that are compressed apart.
type zipper struct {
	w     io.Writer
	flate *flate.Writer
	at    zipState
}

// A zipState is the end of a gzip member so far.
type zipState struct{ sum, size uint32 }

func newZipper(w io.Writer, at zipState) *zipper {
	// Three times as fast as the default, for files a tenth larger.
	f, err := flate.NewWriter(w, flate.BestSpeed)
	if err != nil {
		panic("bakfs/signal/modern: " + err.Error()) // only for a level that there is not
	}
	return &zipper{w, f, at}
}

func (z *zipper) Write(p []byte) (int, error) {
	z.at.sum = crc32.Update(z.at.sum, crc32.IEEETable, p)
	z.at.size += uint32(len(p))
	return z.flate.Write(p)
}

// cut ends a part.
func (z *zipper) cut() error {
	if err := z.flate.Flush(); err != nil {
		return err
	}
	z.flate.Reset(z.w)
	return nil
}

// close ends the member.
func (z *zipper) close() error {
	if err := z.flate.Close(); err != nil {
		return err
	}
	var b [8]byte
	binary.LittleEndian.PutUint32(b[:], z.at.sum)
	binary.LittleEndian.PutUint32(b[4:], z.at.size)
	_, err := z.w.Write(b[:])
	return err
}
