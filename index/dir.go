package index

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Names in the directory: segments seg-<random>-<size>.db, files being written .tmp-<random>.db, and lock, which whoever
// merges holds.
const (
	temporary = ".tmp-"
	lockName  = "lock"
)

var segmentName = regexp.MustCompile(`^seg-[0-9a-f]{16}-([0-9a-f]{16})\.db$`)

func randomHex() string {
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process first
	return hex.EncodeToString(b[:])
}

func newSegmentName(size int64) string { return fmt.Sprintf("seg-%s-%016x.db", randomHex(), size) }

// segmentFiles lists the published segments of dir: name to the size the name says.
func segmentFiles(dir string) (map[string]int64, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := make(map[string]int64)
	for _, e := range list {
		m := segmentName.FindStringSubmatch(e.Name())
		if m == nil || !e.Type().IsRegular() {
			continue
		}
		size, err := strconv.ParseInt(m[1], 16, 64)
		if err != nil {
			size = -1 // no file has this size: dropped as damaged
		}
		files[e.Name()] = size
	}
	return files, nil
}

// removeDead removes files that no living process writes: who writes one holds bbolt's exclusive lock on it.
func removeDead(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if !strings.HasPrefix(e.Name(), temporary) || !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		f, err := openFile(path, os.O_RDWR, 0)
		if errors.Is(err, iofs.ErrNotExist) || errors.Is(err, iofs.ErrPermission) {
			continue
		}
		if err != nil {
			return err
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			err = os.Remove(path)
		}
		if err := errors.Join(err, f.Close()); err != nil && !errors.Is(err, iofs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// tryLock takes the lock for merging; nil without an error: somebody else has it. Closing the file gives it back.
func tryLock(dir string) (*os.File, error) {
	f, err := openFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close() // nothing was written
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, err
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// removeWait is how long Remove waits for a merge to end; the largest take seconds.
const removeWait = time.Minute

// Remove removes all segments in dir, for an index that is to be built anew. Processes that have them open read on until
// their next Refresh. It waits for a merge that is under way, which would bring them back.
func Remove(dir string) error {
	for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		lock, err := tryLock(dir)
		if errors.Is(err, iofs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("index: %w", err)
		}
		if lock != nil {
			return errors.Join(removeSegments(dir), lock.Close())
		}
		if time.Since(start) > removeWait {
			return fmt.Errorf("index: another process is merging in %s", dir)
		}
	}
}

func removeSegments(dir string) error {
	files, err := segmentFiles(dir)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	for name := range files {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, iofs.ErrNotExist) {
			return fmt.Errorf("index: %w", err)
		}
	}
	if err := errors.Join(removeDead(dir), syncDir(dir)); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return nil
}
