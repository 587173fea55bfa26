package store

import (
	"container/list"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"sort"
	"sync"

	"bakfs/index"
	"bakfs/seal"
)

const (
	openPacks     = 64
	openBytes     = 12 << 20 // of directories of packs kept open
	maxCandidates = 64       // foreign files looked at for one pack
)

// errPlace says that a pack's directory does not have what the index says.
var errPlace = fmt.Errorf("the local index is wrong about its place: %w", ErrDamaged)

// A packFile is an open pack. It is read at the same time by many.
type packFile struct {
	file      *os.File
	reader    *seal.Reader
	head      head
	directory []byte
	path      string // not the pack's own if it is adopted

	users  int  // guarded by packFiles.mu
	doomed bool // close it when users is 0
}

// packFiles keeps packs open, those last used.
type packFiles struct {
	folder *Folder
	keys   *seal.Keys
	doubt  func(name seal.Hash, cause error) // told why a pack cannot be used

	mu      sync.Mutex
	open    map[seal.Hash]*list.Element // of opened
	bytes   int                         // of the directories of open
	recent  *list.List
	adopted map[seal.Hash]string // path of the good copy; "": there is none
}

type opened struct {
	name seal.Hash
	pack *packFile
}

func newPackFiles(f *Folder, k *seal.Keys, doubt func(seal.Hash, error)) *packFiles {
	return &packFiles{folder: f, keys: k, doubt: doubt, open: map[seal.Hash]*list.Element{}, recent: list.New(), adopted: map[seal.Hash]string{}}
}

// acquire opens a pack, or a foreign file that has its bytes if the pack
// itself is gone or cannot be opened. The caller must release it.
func (p *packFiles) acquire(name seal.Hash) (*packFile, error) {
	p.mu.Lock()
	if e, ok := p.open[name]; ok {
		p.recent.MoveToFront(e)
		pack := e.Value.(opened).pack
		pack.users++
		p.mu.Unlock()
		return pack, nil
	}
	from := p.adopted[name]
	p.mu.Unlock()
	var pack *packFile
	var err error
	if from != "" {
		pack, err = openPack(p.folder, p.keys, from)
	} else if pack, err = openPack(p.folder, p.keys, packPath(name)); err != nil {
		return p.adopt(name, err)
	}
	if err != nil {
		return nil, err
	}
	return p.keep(name, pack), nil
}

// keep puts an open pack into the list, for its first user.
func (p *packFiles) keep(name seal.Hash, pack *packFile) *packFile {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.open[name]; ok { // another was faster
		pack.file.Close()
		pack = e.Value.(opened).pack
	} else {
		p.open[name] = p.recent.PushFront(opened{name, pack})
		p.bytes += len(pack.directory)
		for p.recent.Len() > openPacks || p.bytes > openBytes && p.recent.Len() > 1 {
			p.drop(p.recent.Back())
		}
	}
	pack.users++
	return pack
}

func (p *packFiles) release(pack *packFile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pack.users--; pack.users == 0 && pack.doomed {
		pack.file.Close()
	}
}

// drop takes a pack off the list; the caller holds mu.
func (p *packFiles) drop(e *list.Element) {
	o := p.recent.Remove(e).(opened)
	delete(p.open, o.name)
	p.bytes -= len(o.pack.directory)
	o.pack.doomed = true
	if o.pack.users == 0 {
		o.pack.file.Close()
	}
}

// forget closes a pack that turned out damaged.
func (p *packFiles) forget(name seal.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.open[name]; ok {
		p.drop(e)
	}
}

func (p *packFiles) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.recent.Len() > 0 {
		p.drop(p.recent.Back())
	}
}

// adopt looks for the bytes of a pack that cannot be used, which cause says,
// among the foreign files beside it: sync programs rename what they cannot
// reconcile. Without one, cause is the error.
func (p *packFiles) adopt(name seal.Hash, cause error) (*packFile, error) {
	p.mu.Lock()
	_, tried := p.adopted[name]
	p.mu.Unlock()
	p.doubt(name, cause)
	if tried {
		return nil, cause
	}
	found, err := p.folder.copyOf(name)
	if err != nil {
		return nil, cause
	}
	p.mu.Lock()
	p.adopted[name] = found
	p.mu.Unlock()
	if found == "" {
		return nil, cause
	}
	p.forget(name)
	pack, err := openPack(p.folder, p.keys, found)
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	return p.keep(name, pack), nil
}

// adoptable says whether a pack that is gone lives on in a foreign file.
func (p *packFiles) adoptable(name seal.Hash) bool {
	p.mu.Lock()
	from := p.adopted[name]
	p.mu.Unlock()
	if from != "" {
		return true
	}
	pack, err := p.adopt(name, ErrMissing)
	if err != nil {
		return false
	}
	p.release(pack)
	return true
}

// adoptions returns the paths of the copies in use.
func (p *packFiles) adoptions() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var paths []string
	for _, from := range p.adopted {
		if from != "" {
			paths = append(paths, from)
		}
	}
	slices.Sort(paths)
	return paths
}

// tryAgain forgets searches for copies that found none.
func (p *packFiles) tryAgain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.adopted, func(_ seal.Hash, from string) bool { return from == "" })
}

// copyOf returns the path of a foreign file beside a pack that hashes to its
// name, "" if there is none. Files whose name has the pack's come first.
func (f *Folder) copyOf(name seal.Hash) (string, error) {
	dir := path.Dir(packPath(name))
	entries, err := f.List(dir)
	if err != nil {
		return "", err
	}
	var likely, others []string
	for _, e := range entries {
		full := path.Join(dir, e.Name())
		n := parseName(full)
		if n.kind != nameForeign || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil || !packSize(info.Size()) {
			continue
		}
		if n.pack == name {
			likely = append(likely, full)
		} else {
			others = append(others, full)
		}
	}
	candidates := append(likely, others...)
	for _, c := range candidates[:min(len(candidates), maxCandidates)] {
		if h, err := f.hashFile(c); err == nil && h == name {
			return c, nil
		}
	}
	return "", nil
}

// packSize says whether a pack's file may have this size.
func packSize(size int64) bool {
	plaintext, err := seal.PlaintextSize(size)
	if err != nil {
		return false
	}
	class, err := seal.FileSize(seal.ClassPack, plaintext)
	return err == nil && class == size
}

// openPack opens a pack under any name and reads its head.
func openPack(f *Folder, k *seal.Keys, name string) (*packFile, error) {
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	p := &packFile{file: file, path: name}
	info, err := file.Stat()
	if err == nil {
		err = p.start(k, steady{file, info.Size()}, info.Size())
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", name, offline(err))
	}
	return p, nil
}

// start reads the head and the directory of a pack of size bytes.
func (p *packFile) start(k *seal.Keys, from io.ReaderAt, size int64) error {
	if err := p.readHead(k, from, size); err != nil {
		return err
	}
	p.directory = make([]byte, p.head.directorySize())
	return readFull(p.reader, p.directory, headSize)
}

func (p *packFile) readHead(k *seal.Keys, from io.ReaderAt, size int64) error {
	if !packSize(size) {
		return fmt.Errorf("%w: %d bytes, which no pack has: %w, or damaged", ErrDamaged, size, ErrNotSynced)
	}
	var b [seal.HeaderSize]byte
	if _, err := from.ReadAt(b[:], 0); err != nil {
		return err
	}
	h, err := seal.ParseHeader(b[:])
	if err != nil {
		return sealError(err)
	}
	if h.Repository != k.Repository() {
		return damagedf("belongs to repository %s", h.Repository)
	}
	if p.reader, err = k.NewReader(from, size, seal.Place{Class: seal.ClassPack, Epoch: h.Epoch}); err != nil {
		return sealError(err)
	}
	var start [headSize]byte
	if err := readFull(p.reader, start[:], 0); err != nil {
		return err
	}
	p.head, err = parseHead(start[:], p.reader.Size())
	return err
}

// confirm checks that the pack's directory has exactly this place; else the
// error is errPlace. Entries are in order of their offsets.
func (p *packFile) confirm(id seal.ID, place index.Place) error {
	entry := func(i int) []byte { return p.directory[i*entrySize:][:entrySize] }
	i := sort.Search(p.head.count, func(i int) bool {
		return binary.BigEndian.Uint32(entry(i)[32:]) >= place.Offset
	})
	if i == p.head.count {
		return errPlace
	}
	e, err := parseEntry(entry(i), p.head.stream)
	if err != nil {
		return err
	}
	if e != (index.Entry{ID: id, Offset: place.Offset, Stored: place.Stored, Raw: place.Raw, Type: place.Type, Compression: place.Compression}) {
		return errPlace
	}
	if int64(e.Offset) < headSize+p.head.directorySize() || int64(e.Offset)+int64(e.Stored) > p.reader.Size() {
		return damagedf("chunk %x lies outside of its pack", id[:4])
	}
	return nil
}

// steady reads a file of the cloud folder, of the size it was opened with: what a
// sync program cannot deliver is ErrOffline.
type steady struct {
	file *os.File
	size int64
}

func (s steady) ReadAt(b []byte, off int64) (int, error) {
	n, err := s.file.ReadAt(b, off)
	switch {
	case err == io.EOF && off+int64(n) < s.size:
		err = endsEarly(off+int64(n), s.size)
	case err != nil && err != io.EOF:
		err = offline(err)
	}
	return n, err
}

// sealError makes what the seal finds wrong an ErrDamaged.
func sealError(err error) error {
	if errors.Is(err, seal.ErrTampered) || errors.Is(err, seal.ErrKey) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// gone makes the absence of a pack ErrMissing; iofs.ErrNotExist would say to
// those above that the user's file does not exist.
func gone(err error) error {
	if errors.Is(err, iofs.ErrNotExist) {
		return fmt.Errorf("%w: its pack is not there", ErrMissing)
	}
	return err
}
