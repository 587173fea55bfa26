package signal

import (
	"errors"
	"fmt"
	"io"
)

// A Records hands out the records of one backup in their order. A record is
// valid until the next call; the error at the end is io.EOF.
type Records interface {
	Next() ([]byte, error)
}

// A Reader decodes the records of a backup. A record that is damaged is left
// out and reported; the others are not touched by it.
type Reader struct {
	records Records
	coder   coder // reused: it is larger than most records
	index   int64
	info    BackupInfo
	report  Report
}

// maxListed bounds how many damaged records a report lists one by one.
const maxListed = 100

// A Report is what a Reader could not understand.
type Report struct {
	Damaged       int64    // records that were left out
	First         []Damage // the first hundred of them
	UnknownKinds  int64    // frames of a kind that this package does not know
	UnknownFields int64    // fields that it does not know, at any depth
}

// A Damage is one record that could not be decoded. Err wraps ErrBadRecord.
type Damage struct {
	Index int64 // of the record; the BackupInfo is record 0
	Err   error
}

// maxVersion is the newest format version that this package knows.
const maxVersion = 1

// ErrUnknownVersion is wrapped by errors about a version that is too new.
var ErrUnknownVersion = errors.New("written by a newer version of Signal than this program knows; update this program")

// NewReader reads the BackupInfo and returns a reader of the frames behind it.
// Without a BackupInfo it is an error; one of a newer format wraps
// ErrUnknownVersion, and the reader returned with it works as well as it can.
func NewReader(records Records) (*Reader, error) {
	rec, err := records.Next()
	if err == io.EOF {
		return nil, fmt.Errorf("no records at all: %w", ErrTruncated)
	}
	if err != nil {
		return nil, err
	}
	r := &Reader{records: records, coder: coder{reads: true}}
	if err := Unmarshal(rec, &r.info); err != nil {
		return nil, fmt.Errorf("first record: %w", err)
	}
	if r.info.Version > maxVersion {
		return r, fmt.Errorf("format version %d: %w", r.info.Version, ErrUnknownVersion)
	}
	return r, nil
}

// Info returns the first record.
func (r *Reader) Info() *BackupInfo { return &r.info }

// Report returns what was not understood so far.
func (r *Reader) Report() Report { return r.report }

// Next returns the next frame that can be decoded; its Item is nil if its kind
// is unknown. The frame is the caller's. The error at the end is io.EOF.
func (r *Reader) Next() (*Frame, error) {
	for {
		rec, err := r.records.Next()
		if err != nil {
			return nil, err
		}
		r.index++
		f := new(Frame)
		if len(rec) > MaxRecord {
			r.damaged(tooLong(rec))
			continue
		}
		if r.coder.unmarshal(rec, f); r.coder.err != nil {
			r.damaged(r.coder.err)
			continue
		}
		if f.Item == nil {
			r.report.UnknownKinds++
		} else {
			r.report.UnknownFields += int64(r.coder.unknown)
		}
		return f, nil
	}
}

func (r *Reader) damaged(err error) {
	r.report.Damaged++
	if len(r.report.First) < maxListed {
		r.report.First = append(r.report.First, Damage{r.index, err})
	}
}
