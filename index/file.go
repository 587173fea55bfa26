package index

import (
	"errors"
	iofs "io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"bakfs/seal"
)

// newFile makes an empty file to be filled and published. It is locked until it is closed. Nothing is synced before the
// end: a file that was not finished is thrown away.
func newFile(dir string) (*segment, error) {
	for tries := 1; ; tries++ {
		s := &segment{path: filepath.Join(dir, temporary+randomHex()+".db")}
		var file *os.File
		var err error
		open := func(path string, flag int, mode os.FileMode) (*os.File, error) {
			file, err = openFile(path, flag|os.O_EXCL, mode)
			return file, err
		}
		err = guarded(func() (err error) { // it reads what it has just written
			s.db, err = bbolt.Open(s.path, 0o600, &bbolt.Options{
				Timeout: lockWait, NoSync: true, NoGrowSync: true, NoStatistics: true,
				FreelistType: bbolt.FreelistMapType, OpenFile: open,
			})
			return err
		})
		if errors.Is(err, ErrDamaged) {
			return nil, errors.Join(err, file.Close(), os.Remove(s.path))
		}
		if errors.Is(err, iofs.ErrExist) && tries < 3 {
			continue // chance does not give a name twice: making the file was interrupted, and asked again
		}
		if err != nil {
			return nil, err
		}
		// Another process may have taken the file for a dead one's before it was locked.
		mine, err := file.Stat()
		if err != nil {
			return nil, errors.Join(err, s.discard())
		}
		there, err := os.Lstat(s.path)
		if err != nil && !errors.Is(err, iofs.ErrNotExist) {
			return nil, errors.Join(err, s.discard())
		}
		if err != nil || !os.SameFile(mine, there) {
			if err := s.close(); err != nil {
				return nil, err
			}
			continue
		}
		if err := s.update(createBuckets); err != nil {
			return nil, errors.Join(err, s.discard())
		}
		return s, nil
	}
}

func createBuckets(tx *bbolt.Tx) error {
	for _, name := range [][]byte{bucketChunks, bucketPacks, bucketNames, bucketVerified} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return nil
}

// update runs fn in one transaction. After a panic the segment is stuck.
func (s *segment) update(fn func(tx *bbolt.Tx) error) error {
	sound := false
	err := guarded(func() error {
		err := s.db.Update(fn)
		sound = true
		return err
	})
	if !sound {
		s.mu.Lock()
		s.stuck = true
		s.mu.Unlock()
	}
	return err
}

// discard closes a file that is not to be published and removes it.
func (s *segment) discard() error {
	err := os.Remove(s.path)
	if errors.Is(err, iofs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, s.close())
}

// putPack returns the pack's number in the segment, a new one if the segment does not know the pack.
func putPack(tx *bbolt.Tx, p Pack) (uint32, error) {
	packs, names := tx.Bucket(bucketPacks), tx.Bucket(bucketNames)
	if v := names.Get(p.Name[:]); v != nil {
		number, err := parseNumber(p.Name[:], v)
		if err != nil || !p.Verified {
			return number, err
		}
		key := packKey(number)
		return number, packs.Put(key, packValue(key, &p))
	}
	next, err := packs.NextSequence()
	if err != nil {
		return 0, err
	}
	number := uint32(next)
	if uint64(number) != next {
		return 0, errors.New("too many packs")
	}
	key := packKey(number)
	if err := names.Put(p.Name[:], protect(p.Name[:], packKey(number))); err != nil {
		return 0, err
	}
	return number, packs.Put(key, packValue(key, &p))
}

// putEntries puts each entry as a chunk of the pack whose number stands in numbers at the same place.
func putEntries(chunks *bbolt.Bucket, numbers []uint32, entries []Entry) error {
	// bbolt keeps the values until the transaction ends: each has its own bytes, but all in one allocation.
	values := make([]byte, 0, len(entries)*(chunkSize+crcSize))
	var key [chunkKey]byte
	for i := range entries {
		k := appendChunkKey(key[:0], &entries[i].ID, numbers[i])
		n := len(values)
		values = appendEntry(values, k, &entries[i])
		if err := chunks.Put(k, values[n:len(values):len(values)]); err != nil {
			return err
		}
	}
	return nil
}

func putMark(verified *bbolt.Bucket, name seal.Hash, m mark) error {
	return verified.Put(name[:], markValue(name, m))
}
