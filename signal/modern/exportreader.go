package modern

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"bakfs/signal"
)

// The names in a plaintext export; media are in files/ as in a backup folder,
// but readable and with an extension.
const (
	ExportMain     = "main.jsonl"
	ExportMetadata = "metadata.json"
)

// maxLine bounds a line: base64 and names make one longer than its record.
const maxLine = 2 * signal.MaxRecord

// CheckExportMetadata checks the content of metadata.json.
func CheckExportMetadata(b []byte) error {
	var m signal.ExportMetadata
	if _, err := signal.UnmarshalJSON(b, &m); err != nil {
		return fmt.Errorf("%s: %w", ExportMetadata, err)
	}
	if m.Version != 1 {
		return fmt.Errorf("%s: version %d: %w", ExportMetadata, m.Version, ErrUnknownVersion)
	}
	return nil
}

// An ExportReader reads main.jsonl as the records of which it was made. A line
// that is damaged loses one record and is reported.
type ExportReader struct {
	r      *bufio.Reader
	line   int64
	long   []byte
	rec    []byte
	report signal.Report
}

// NewExportReader returns a reader of the lines of r, which needs no buffer.
func NewExportReader(r io.Reader) *ExportReader {
	return &ExportReader{r: bufio.NewReaderSize(r, readSize)}
}

// Report returns what was not understood so far. UnknownFields counts members
// that have no place in a record and are lost.
func (e *ExportReader) Report() signal.Report { return e.report }

// Next implements signal.Records. A first line that is no BackupInfo is an
// error, since then this is not an export.
func (e *ExportReader) Next() ([]byte, error) {
	for {
		line, err := e.readLine()
		if err != nil {
			return nil, err
		}
		first := e.line == 0
		e.line++
		if line = bytes.TrimSpace(line); len(line) == 0 && !first {
			continue
		}
		var m signal.Message = new(signal.Frame)
		if first {
			m = new(signal.BackupInfo)
		}
		unknown, err := signal.UnmarshalJSON(line, m)
		if info, ok := m.(*signal.BackupInfo); ok && (err != nil || info.Version == 0 && info.BackupTimeMs == 0) {
			return nil, fmt.Errorf("the first line is not that of a Signal export: %w", signal.ErrBadStream)
		}
		e.report.UnknownFields += int64(unknown)
		if e.rec = e.rec[:0]; err == nil {
			e.rec = signal.Append(e.rec, m)
		}
		if err == nil && len(e.rec) > signal.MaxRecord {
			err = fmt.Errorf("%w: %d bytes long", signal.ErrBadRecord, len(e.rec))
		}
		if err != nil {
			e.report.Damaged++
			e.report.First = append(e.report.First, signal.Damage{Index: e.line - 1, Err: err})
			e.report.First = e.report.First[:min(len(e.report.First), 100)]
			continue
		}
		return e.rec, nil
	}
}

// readLine returns the next line, valid until the next call. One that is too
// long comes back as one that is no JSON, with the reader behind it.
func (e *ExportReader) readLine() ([]byte, error) {
	e.long = e.long[:0]
	tooLong := false
	for {
		part, err := e.r.ReadSlice('\n')
		if err == nil && len(e.long) == 0 && !tooLong {
			return part, nil
		}
		if len(e.long)+len(part) > maxLine {
			tooLong, e.long = true, e.long[:0]
		}
		if !tooLong {
			e.long = append(e.long, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case tooLong:
			return []byte("?"), nil
		case err == io.EOF && len(e.long) == 0:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, err
		}
		return e.long, nil
	}
}
