package archive

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf8"

	"bakfs/signal"
)

// An Envelope is what is stored of a backup beside its records: with these it
// makes up the original.
type Envelope struct {
	Format   Format
	Whole    bool          // all of the original was stored; else it cannot be made again
	ID       [32]byte      // of the original, see Source.ID
	Time     time.Time     // of the backup, in milliseconds
	Size     int64         // of the file main, .backup or main.jsonl
	Name     string        // of the original: of its file or snapshot folder; not to be trusted as a path
	Account  string        // see Backup.Account: the name in the tree /signal
	Owner    string        // the name of the account's owner; may be ""
	Keys     signal.Secret // of this backup, 64 bytes as Keys.Bytes of its package has them; none if it was not encrypted
	Metadata []byte        // Modern: the file metadata as it was
	Report   Report
}

// envelopeMagic begins a stored envelope.
const envelopeMagic = "signal envelope 1\n"

// Limits on an envelope.
const (
	maxEnvelope = 1 << 20
	maxName     = 1 << 10
	maxMetadata = 1 << 16
	maxLosses   = 100
	keysSize    = 64
)

const (
	flagWhole = 1 << iota
	flagTruncated
	flagsKnown = flagWhole | flagTruncated
)

// AppendBinary appends the stored form of e. Equal envelopes have equal forms.
// Texts that are too long are cut.
func (e *Envelope) AppendBinary(b []byte) ([]byte, error) {
	keys := e.Keys.Reveal()
	if len(keys) != 0 && len(keys) != keysSize || len(e.Metadata) > maxMetadata || e.Format < Modern || e.Format > Export || e.Size < 0 {
		return b, fmt.Errorf("no envelope: %w", ErrArchive)
	}
	var flags byte
	if e.Whole {
		flags |= flagWhole
	}
	if e.Report.Truncated {
		flags |= flagTruncated
	}
	b = append(append(b, envelopeMagic...), byte(e.Format), flags)
	b = append(b, e.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Time.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Size))
	for _, s := range []string{e.Name, e.Account, e.Owner} {
		b = appendText(b, s)
	}
	b = append(append(b, byte(len(keys))), keys...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Metadata)))
	b = append(b, e.Metadata...)
	for _, n := range e.Report.counts() {
		b = binary.BigEndian.AppendUint64(b, uint64(*n))
	}
	first := e.Report.First[:min(len(e.Report.First), maxLosses)]
	b = append(b, byte(len(first)))
	for _, s := range first {
		b = appendText(b, s)
	}
	return b, nil
}

// counts are the numbers of a report, in the order in which they are stored.
func (r *Report) counts() []*int64 {
	return []*int64{&r.Records, &r.Messages, &r.Conversations, &r.Media, &r.MediaBytes, &r.Missing, &r.Gone,
		&r.DamagedMedia, &r.Damaged, &r.Unknown}
}

// appendText appends s, cut where it is too long and made valid where it is
// not UTF-8.
func appendText(b []byte, s string) []byte {
	s = clean(s)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

// clean returns s as it can be stored.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	for len(s) > maxName {
		_, size := utf8.DecodeLastRuneInString(s[:maxName+1])
		s = s[:max(maxName+1-size, 0)]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

// parseEnvelope reads what AppendBinary wrote, and nothing else. The error
// wraps ErrArchive.
func parseEnvelope(b []byte) (*Envelope, error) {
	p := parser{b: b}
	if string(p.take(len(envelopeMagic))) != envelopeMagic {
		return nil, fmt.Errorf("%s: of an unknown version: %w", envelopeName, ErrArchive)
	}
	e := new(Envelope)
	e.Format = Format(p.byte())
	flags := p.byte()
	e.Whole, e.Report.Truncated = flags&flagWhole != 0, flags&flagTruncated != 0
	copy(e.ID[:], p.take(len(e.ID)))
	e.Time = time.UnixMilli(p.number()).UTC()
	e.Size = p.number()
	e.Name, e.Account, e.Owner = p.text(), p.text(), p.text()
	keys := p.take(int(p.byte()))
	e.Keys = signal.NewSecret(string(keys))
	if n := p.take(4); n != nil {
		e.Metadata = append([]byte(nil), p.take(int(min(binary.BigEndian.Uint32(n), maxEnvelope)))...)
	}
	for _, n := range e.Report.counts() {
		if *n = p.number(); *n < 0 {
			p.bad = true
		}
	}
	for range p.byte() {
		e.Report.First = append(e.Report.First, p.text())
	}
	if p.bad || len(p.b) > 0 || flags&^byte(flagsKnown) != 0 || e.Format < Modern || e.Format > Export || e.Size < 0 ||
		len(keys) != 0 && len(keys) != keysSize || len(e.Metadata) > maxMetadata || len(e.Report.First) > maxLosses {
		return nil, fmt.Errorf("%s: %w", envelopeName, ErrArchive)
	}
	return e, nil
}

// A parser takes bytes from the front of b until they do not suffice.
type parser struct {
	b   []byte
	bad bool
}

func (p *parser) take(n int) []byte {
	if p.bad || n > len(p.b) {
		p.bad = true
		return nil
	}
	out := p.b[:n]
	p.b = p.b[n:]
	return out
}

func (p *parser) byte() byte {
	if b := p.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (p *parser) number() int64 {
	if b := p.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (p *parser) text() string {
	n := p.take(2)
	if n == nil {
		return ""
	}
	s := string(p.take(int(binary.BigEndian.Uint16(n))))
	if len(s) > maxName || !utf8.ValidString(s) {
		p.bad = true
	}
	return s
}
