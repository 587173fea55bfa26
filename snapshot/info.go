package snapshot

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"bakfs/journal"
	"bakfs/seal"
)

const (
	payloadVersion = 1
	flagIncomplete = 1
	maxPath        = 4096
	maxTag         = 255
	signalRoot     = "/signal" // above the one source of a snapshot of kind Signal
)

// A SourceKind says what a snapshot was made of.
type SourceKind uint8

// The kinds of source of FORMAT.md section 10.
const (
	Files  SourceKind = iota // files and folders, by Create
	Signal                   // one backup of the Signal app, by a Builder
)

// kindByte is how the payload writes Files; the other kinds follow it.
const kindByte = 1

// Info is what the journal says of a snapshot.
type Info struct {
	ID         seal.Hash
	Kind       SourceKind
	Device     seal.DeviceID
	DeviceName string
	Time       time.Time // of the entry
	Start, End time.Time // of the run; of a Signal backup both its own date
	Root       seal.ID   // stands for "/"
	Sources    []string  // absolute paths as they were backed up, sorted
	Tags       []string  // sorted
	Files      uint64
	Dirs       uint64
	Others     uint64
	Bytes      uint64
	Added      uint64 // bytes that were not in the repository
	Stored     uint64 // what Added took there
	NotRead    uint64
	Incomplete bool // some of the source could not be read
}

// Date is what the snapshot is named and ordered by: of files the time of the entry, of a Signal backup the time it
// was made, which is not after that of the entry, whatever the phone's clock said.
func (i Info) Date() time.Time {
	if i.Kind == Signal && i.Start.Before(i.Time) {
		return i.Start
	}
	return i.Time
}

// List returns the snapshots of the journal, those of the oldest Date first, and an error for each entry that cannot be understood.
func List(j *journal.Journal) ([]Info, []error) { return listInfos(j.Entries(journal.Snapshot)) }

func listInfos(entries []journal.Entry) ([]Info, []error) {
	var infos []Info
	var errs []error
	for _, e := range entries {
		i, err := parsePayload(e.Payload)
		if err != nil {
			errs = append(errs, fmt.Errorf("snapshot %x of %s: %w", e.Hash[:4], e.Name, err))
			continue
		}
		i.ID, i.Device, i.DeviceName, i.Time = e.Hash, e.Device, e.Name, time.Unix(0, e.Time)
		infos = append(infos, i)
	}
	slices.SortStableFunc(infos, compareInfos)
	return infos, errs
}

// compareInfos is the order of List: by date; of one date by time, device and id, so that all readers agree.
func compareInfos(a, b Info) int {
	return cmp.Or(a.Date().Compare(b.Date()), a.Time.Compare(b.Time), bytes.Compare(a.Device[:], b.Device[:]), bytes.Compare(a.ID[:], b.ID[:]))
}

// payload is the payload of the snapshot's entry (FORMAT.md section 10), or what the format cannot hold.
func (i Info) payload() ([]byte, error) {
	if err := i.check(); err != nil {
		return nil, err
	}
	flags := uint16(0)
	if i.Incomplete {
		flags = flagIncomplete
	}
	be := binary.BigEndian
	b := be.AppendUint16([]byte{payloadVersion, kindByte + uint8(i.Kind)}, flags)
	b = be.AppendUint64(b, uint64(i.Start.UnixNano()))
	b = be.AppendUint64(b, uint64(i.End.UnixNano()))
	b = append(b, i.Root[:]...)
	for _, n := range []uint64{i.Files, i.Dirs, i.Others, i.Bytes, i.Added, i.Stored, i.NotRead} {
		b = be.AppendUint64(b, n)
	}
	b = be.AppendUint16(b, uint16(len(i.Sources)))
	for _, s := range i.Sources {
		b = append16(b, s)
	}
	b = be.AppendUint16(b, uint16(len(i.Tags)))
	for _, t := range i.Tags {
		b = append8(b, t)
	}
	return b, nil
}

// parsePayload reads a payload and refuses what payload would not have written.
func parsePayload(b []byte) (Info, error) {
	var i Info
	c := cursor{b: []byte(string(b))} // a copy: strings share it
	version, kind, flags := c.u8(), c.u8(), c.u16()
	switch {
	case c.short:
		return i, errShort
	case version != payloadVersion || kind < kindByte || kind > kindByte+uint8(Signal) || flags&^flagIncomplete != 0:
		return i, fmt.Errorf("snapshot of version %d, source %d, flags %#x; a newer bakfs may know it", version, kind, flags)
	}
	i.Kind, i.Incomplete = SourceKind(kind-kindByte), flags != 0
	i.Start, i.End = time.Unix(0, int64(c.u64())), time.Unix(0, int64(c.u64()))
	i.Root = c.id()
	for _, n := range []*uint64{&i.Files, &i.Dirs, &i.Others, &i.Bytes, &i.Added, &i.Stored, &i.NotRead} {
		*n = c.u64()
	}
	for n := c.u16(); n > 0 && !c.short; n-- {
		i.Sources = append(i.Sources, c.text(int(c.u16())))
	}
	for n := c.u16(); n > 0 && !c.short; n-- {
		i.Tags = append(i.Tags, c.text(int(c.u8())))
	}
	switch {
	case c.short:
		return i, errShort
	case len(c.b) > 0:
		return i, fmt.Errorf("%d bytes behind the tags", len(c.b))
	}
	return i, i.check()
}

// check refuses what the format cannot hold.
func (i Info) check() error {
	switch {
	case i.Root == seal.ID{}:
		return errors.New("no root")
	case len(i.Sources) == 0 || len(i.Sources) > 1<<16-1:
		return fmt.Errorf("%d sources", len(i.Sources))
	case len(i.Tags) > 1<<16-1:
		return fmt.Errorf("%d tags", len(i.Tags))
	}
	for n, s := range i.Sources {
		if len(s) > maxPath || !strings.HasPrefix(s, "/") || path.Clean(s) != s || strings.IndexByte(s, 0) >= 0 {
			return fmt.Errorf("source %q is not an absolute, clean path of at most %d bytes", s, maxPath)
		}
		if n > 0 && s <= i.Sources[n-1] {
			return fmt.Errorf("source %q does not stand behind %q", s, i.Sources[n-1])
		}
	}
	for n, t := range i.Tags {
		if t == "" || len(t) > maxTag || !utf8.ValidString(t) {
			return fmt.Errorf("tag %q is not UTF-8 of 1 to %d bytes", t, maxTag)
		}
		if n > 0 && t <= i.Tags[n-1] {
			return fmt.Errorf("tag %q does not stand behind %q", t, i.Tags[n-1])
		}
	}
	return i.checkKind()
}

func (i Info) checkKind() error {
	switch i.Kind {
	case Files:
		return nil
	case Signal:
		switch {
		case len(i.Sources) != 1 || path.Dir(i.Sources[0]) != signalRoot:
			return fmt.Errorf("a Signal backup of the sources %q", i.Sources)
		case !i.Start.Equal(i.End):
			return fmt.Errorf("a Signal backup of two dates, %v and %v", i.Start.UTC(), i.End.UTC())
		}
		return checkName(path.Base(i.Sources[0]))
	}
	return fmt.Errorf("source of kind %d", i.Kind)
}
