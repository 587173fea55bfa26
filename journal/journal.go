// Package journal keeps the signed logs of a repository's devices: who made
// which snapshot, in which order, having seen what of the others.
//
// A log is a chain of write-once files, one an entry (FORMAT.md section 9).
// What always holds: an Entry handed out has passed every check an entry can
// pass by itself (name, seal, form, place, certificate, signature); what can be
// said only of several entries together (gaps, forks, vanished or pending ones)
// is told as a Problem and hides no entry. The journal writes entries and the
// local marks file, and never removes or changes a file of the folder.
package journal

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"bakfs/seal"
	"bakfs/store"
)

// A Kind says what an entry is for.
type Kind uint8

// The kinds of version 1.
const (
	Enrol Kind = 1 + iota
	Snapshot
	Forget
	Mark
	Sweep
	Checkpoint
	Heartbeat
	Unmark
)

// Entry is one verified entry of a device's log.
type Entry struct {
	Kind    Kind
	Device  seal.DeviceID
	Name    string // of the device
	Seq     uint64
	Hash    seal.Hash // of the entry's file; a snapshot's id
	Prev    seal.Hash // of the device's entry before
	Time    int64
	Seen    []Seen
	Payload []byte // shared: must not be modified
}

// Seen is what the writer of an entry knew of another device's log.
type Seen struct {
	Device seal.DeviceID
	Seq    uint64
	Hash   seal.Hash
}

// Log is a device's log in short.
type Log struct {
	Device seal.DeviceID
	Name   string // as its newest entry says
	Last   Entry
	N      int // entries that verify
}

// Problem is something wrong with one file of the folder, or with its absence.
type Problem struct {
	Name string // path in the folder; for a missing file the path it would have where known
	Err  error
}

// What a Problem's Err may be, besides seal.ErrTampered, seal.ErrKey and
// seal.ErrVersion for a refused file and store's errors for one that cannot be read.
var (
	// ErrPending: never seen here, but another entry shows that it exists. Usual while a folder syncs.
	ErrPending = errors.New("not in the folder yet")
	// ErrVanished: was seen here before.
	ErrVanished = errors.New("was in the folder before and is gone")
	// ErrForeign: the file says of itself that it is of another repository, and its name
	// is made of what it holds, so it is no damaged entry of this one.
	ErrForeign = errors.New("is of repository")
	// ErrFork: a device's log has two versions.
	ErrFork = errors.New("the log has two versions")
)

// ErrBehind: Append refuses, because entries of this device that were seen
// before are not in the folder; a further one would fork its log.
var ErrBehind = errors.New("the folder is not complete or was rolled back")

const (
	maxDevices = 256
	maxEntries = 1_000_000
	readers    = 4 // files read at once
)

// Journal reads and extends the logs of one repository. Safe for concurrent use.
type Journal struct {
	folder  *store.Folder
	keys    *seal.Keys
	read    func(name string) ([]byte, error)
	listDir func(dir string) ([]iofs.DirEntry, error)
	syncDir func(dir string) error

	// turn is held by the one Refresh or Append that runs; a channel, so that
	// waiting for it can be cancelled. It guards the fields up to mu.
	turn      chan struct{}
	logs      map[string]*log // by name of the folder
	marks     map[seal.DeviceID]mark
	marksPath string
	keepMarks bool             // the marks file is read and not written
	shut      []*file          // in the folder, but could not be read
	unlisted  map[string]bool  // logs that could not be listed
	causes    map[string]error // why not
	built     bool             // view and chains show all this as it is
	chains    map[seal.Pseudonym]*chain

	mu   sync.RWMutex
	view view
}

// Open gives the journal of the folder f. Nothing is read before Refresh.
func Open(f *store.Folder, k *seal.Keys) *Journal {
	return &Journal{
		folder:  f,
		keys:    k,
		read:    func(name string) ([]byte, error) { return f.ReadFile(name, maxFile) },
		listDir: f.List,
		syncDir: f.SyncDir,
		turn:    make(chan struct{}, 1),
		logs:    make(map[string]*log),
		marks:   make(map[seal.DeviceID]mark),
	}
}

// SetMarks names the local file that remembers the newest entry seen of every
// device, so that entries which vanish between two runs are noticed. It is
// called before the first Refresh; its folder must exist.
func (j *Journal) SetMarks(path string) { j.marksPath = path }

// ReadMarks is SetMarks for one who writes nothing.
func (j *Journal) ReadMarks(path string) { j.marksPath, j.keepMarks = path, true }

// Entries returns the entries of one kind (0: of all) of all devices that the
// last complete Refresh knew, by time, then device, then number. An entry
// whose file has vanished since is still among them. Both entries of a fork are.
func (j *Journal) Entries(kind Kind) []Entry {
	j.mu.RLock()
	defer j.mu.RUnlock()
	list := make([]Entry, 0, len(j.view.entries))
	for _, e := range j.view.entries {
		if kind == 0 || e.Kind == kind {
			list = append(list, e)
		}
	}
	return list
}

// Devices returns the logs that have an entry, sorted by device.
func (j *Journal) Devices() []Log {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return slices.Clone(j.view.devices)
}

// Foreign returns the paths in the journal's folder that are not part of the
// repository, sorted. Temporary files are left out.
func (j *Journal) Foreign() []string {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return slices.Clone(j.view.foreign)
}

// take waits for the turn; the caller must give it back by <-j.turn.
func (j *Journal) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case j.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A place is where the folder says an entry stands.
type place struct {
	pseudonym seal.Pseudonym
	seq       uint64
	short     [8]byte // of the file's SHA-256
}

func placeOf(p seal.Pseudonym, seq uint64, h seal.Hash) place {
	return place{p, seq, [8]byte(h[:8])}
}

func (p place) path() string {
	return path.Join("journal", p.pseudonym.String(), p.file())
}

func (p place) file() string { return fmt.Sprintf("%010d-%x", p.seq, p.short[:]) }

// parseFile reads the name of an entry's file; false: a foreign file.
func parseFile(name string) (seq uint64, short [8]byte, ok bool) {
	if len(name) != 27 || name[10] != '-' || !unhex(short[:], name[11:]) {
		return 0, short, false
	}
	for _, c := range []byte(name[:10]) {
		if c < '0' || c > '9' {
			return 0, short, false
		}
		seq = seq*10 + uint64(c-'0')
	}
	return seq, short, true
}

// unhex fills b from lower-case hex of exactly twice its length.
func unhex(b []byte, s string) bool {
	if len(s) != 2*len(b) {
		return false
	}
	for i := range b {
		high := strings.IndexByte("0123456789abcdef", s[2*i])
		low := strings.IndexByte("0123456789abcdef", s[2*i+1])
		if high < 0 || low < 0 {
			return false
		}
		b[i] = byte(high<<4 | low)
	}
	return true
}

func compareEntries(a, b Entry) int {
	switch {
	case a.Time != b.Time:
		return compare(a.Time, b.Time)
	case a.Device != b.Device:
		return slices.Compare(a.Device[:], b.Device[:])
	case a.Seq != b.Seq:
		return compare(a.Seq, b.Seq)
	}
	return slices.Compare(a.Hash[:], b.Hash[:])
}

func compare[T int64 | uint64](a, b T) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}
