package modern

import (
	"io"

	"bakfs/signal"
)

// An encoder writes one form of records.
type encoder interface {
	record(rec []byte) error
	// tail writes the next piece of what follows the records.
	tail() (more bool, err error)
	// cut writes all that is complete and returns what the encoder must know to
	// write the rest.
	cut() (state any, err error)
}

// NewMainFile returns the main that a MainWriter makes of records, cut into
// parts that are compressed apart. See NewMainWriter about the IV.
func NewMainFile(src Replay, keys Keys, iv [16]byte) *RecordFile {
	return newRecordFile(src, func(w io.Writer, at any) (encoder, error) {
		if at, ok := at.(mainState); ok {
			m, err := resumeMain(w, keys, at)
			return mainEncoder{m}, err
		}
		m, err := NewMainWriter(w, keys, iv)
		return mainEncoder{m}, err
	})
}

// NewExportFile returns the main.jsonl that an ExportWriter makes of records,
// without those that cannot be read. edit, if it is not nil, may change each
// frame that the export has, always in the same way; it sees each more than
// once, by several goroutines.
func NewExportFile(src Replay, o ExportOptions, edit func(*signal.Frame)) *RecordFile {
	return newRecordFile(src, func(w io.Writer, at any) (encoder, error) {
		e := NewExportWriter(w, o)
		e.first = at == nil
		return exportEncoder{e, edit}, nil
	})
}

// NewStreamFile returns the records as a record stream.
func NewStreamFile(src Replay) *RecordFile {
	return newRecordFile(src, func(w io.Writer, _ any) (encoder, error) {
		return streamEncoder{signal.NewRecordWriter(w)}, nil
	})
}

// padPart is how much of the zeros behind a main is one part.
const padPart = 1 << 20

type mainEncoder struct{ *MainWriter }

func (m mainEncoder) record(rec []byte) error { return m.Write(rec) }
func (m mainEncoder) tail() (bool, error)     { return m.MainWriter.tail(padPart) }
func (m mainEncoder) cut() (any, error)       { return m.MainWriter.cut() }

type streamEncoder struct{ w *signal.RecordWriter }

func (s streamEncoder) record(rec []byte) error { return s.w.Write(rec) }
func (s streamEncoder) tail() (bool, error)     { return false, nil }
func (s streamEncoder) cut() (any, error)       { return struct{}{}, nil }

type exportEncoder struct {
	*ExportWriter
	edit func(*signal.Frame)
}

func (e exportEncoder) record(rec []byte) error {
	if e.first {
		return e.Write(rec)
	}
	f := new(signal.Frame)
	if signal.Unmarshal(rec, f) != nil {
		return nil
	}
	if f = e.options.keep(f); f == nil {
		return nil
	}
	if e.edit != nil {
		e.edit(f)
	}
	return e.write(f)
}

func (e exportEncoder) tail() (bool, error) { return false, nil }
func (e exportEncoder) cut() (any, error)   { return struct{}{}, nil }
