package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	iofs "io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"

	"bakfs/seal"
	"bakfs/store"
)

// A mark is the newest entry of a device that was ever verified here.
type mark struct {
	seq   uint64
	hash  seal.Hash
	whole uint64 // entries 0 … whole−1 were all seen; a missing one of them vanished, a later one may be pending
}

// Marks file: "BAKFSMRK" ‖ u8 version ‖ repo (16) ‖ u16 n ‖ n × (device (16) ‖
// u64 seq ‖ hash (32) ‖ u64 whole), sorted by device ‖ SHA-256 of all before.
// The checksum is against accidents: who can write here can read the keys too.
const (
	marksMagic   = "BAKFSMRK"
	marksVersion = 1
	markSize     = 16 + 8 + 32 + 8
	maxMarksFile = 8 + 1 + 16 + 2 + maxDevices*markSize + sha256.Size
)

var errMarks = errors.New("the marks file is damaged; what vanished before now is not noticed")

func appendMarks(b []byte, repo seal.RepositoryID, marks map[seal.DeviceID]mark) []byte {
	start := len(b)
	b = append(b, marksMagic...)
	b = append(b, marksVersion)
	b = append(b, repo[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(marks)))
	devices := slices.SortedFunc(maps.Keys(marks), func(a, b seal.DeviceID) int { return bytes.Compare(a[:], b[:]) })
	for _, d := range devices {
		m := marks[d]
		b = append(b, d[:]...)
		b = binary.BigEndian.AppendUint64(b, m.seq)
		b = append(b, m.hash[:]...)
		b = binary.BigEndian.AppendUint64(b, m.whole)
	}
	sum := sha256.Sum256(b[start:])
	return append(b, sum[:]...)
}

func parseMarks(b []byte, repo seal.RepositoryID) (map[seal.DeviceID]mark, error) {
	if len(b) < sha256.Size {
		return nil, errMarks
	}
	body := b[:len(b)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], b[len(body):]) {
		return nil, errMarks
	}
	r := reader{rest: body}
	if string(r.bytes(8)) != marksMagic {
		return nil, errMarks
	}
	if v := r.u8(); v != marksVersion {
		return nil, fmt.Errorf("the marks file has version %d: %w", v, seal.ErrVersion)
	}
	if !bytes.Equal(r.bytes(16), repo[:]) {
		return nil, errMarks
	}
	n := int(r.u16())
	if n > maxDevices {
		return nil, errMarks
	}
	marks := make(map[seal.DeviceID]mark)
	var last []byte
	for range n {
		device := r.bytes(16)
		m := mark{seq: r.u64()}
		copy(m.hash[:], r.bytes(32))
		m.whole = r.u64()
		if !r.ok() || m.seq >= maxEntries || m.whole > m.seq+1 || last != nil && bytes.Compare(last, device) >= 0 {
			return nil, errMarks
		}
		marks[seal.DeviceID(device)] = m
		last = device
	}
	if !r.ok() || len(r.rest) > 0 {
		return nil, errMarks
	}
	return marks, nil
}

// loadMarks takes over what the marks file knows better than memory: other
// processes write it too. A file that is not there is not an error.
func (j *Journal) loadMarks() error {
	if j.marksPath == "" {
		return nil
	}
	marks, err := readMarks(j.marksPath, j.keys.Repository())
	if errors.Is(err, iofs.ErrNotExist) {
		return nil
	}
	if mergeMarks(j.marks, marks) {
		j.built = false
	}
	return err
}

func readMarks(path string, repo seal.RepositoryID) (map[seal.DeviceID]mark, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxMarksFile {
		return nil, errMarks
	}
	b, err := store.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseMarks(b, repo)
}

// mergeMarks moves the marks of into forward to those of from; true if one
// moved. Of two marks of one number the present one stays: a fork is told from
// the folder, not from here. Devices past the limit get no mark.
func mergeMarks(into, from map[seal.DeviceID]mark) bool {
	moved := false
	for d, m := range from {
		old, known := into[d]
		switch {
		case !known && len(into) >= maxDevices:
			continue
		case !known || m.seq > old.seq:
			m.whole = max(m.whole, old.whole)
		case m.whole > old.whole:
			old.whole = m.whole
			m = old
		default:
			continue
		}
		into[d] = m
		moved = true
	}
	return moved
}

// saveMarks writes the marks that memory and file know together. The state
// folder is locked meanwhile, so that two processes do not undo each other's.
func (j *Journal) saveMarks() error {
	if j.marksPath == "" || j.keepMarks {
		return nil
	}
	dir, err := os.Open(filepath.Dir(j.marksPath))
	if err != nil {
		return err
	}
	defer dir.Close() // gives the lock back
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", dir.Name(), err)
	}
	old, err := readMarks(j.marksPath, j.keys.Repository())
	if err != nil && !errors.Is(err, iofs.ErrNotExist) && !errors.Is(err, errMarks) {
		return err // what could not be read is not replaced: it may know more
	}
	if mergeMarks(j.marks, old) {
		j.built = false
	}
	if err == nil && maps.Equal(old, j.marks) {
		return nil
	}
	if err := j.harden(old); err != nil {
		return err
	}
	return replace(dir, j.marksPath, appendMarks(nil, j.keys.Repository(), j.marks))
}

// harden makes durable what the marks will know and old did not: an entry that
// a run which was cut off has left may be lost with the power, and its device
// could never append again.
func (j *Journal) harden(old map[seal.DeviceID]mark) error {
	for d, m := range j.marks {
		if old[d] == m {
			continue
		}
		if err := j.syncDir(path.Join("journal", j.keys.Pseudonym(d).String())); err != nil {
			return err
		}
	}
	return nil
}

// replace writes data to path, mode 0600, so that path holds either its old
// content or all of the new one.
func replace(dir *os.File, path string, data []byte) error {
	f, err := os.CreateTemp(dir.Name(), ".tmp-marks-") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return dir.Sync()
}
