package store

import (
	iofs "io/fs"
	"time"
)

// mtimeGrain is more than the clock ticks by which file systems time changes of
// folders.
const mtimeGrain = 50 * time.Millisecond

// stamps returns when packs/ and each folder in it last changed, of those that
// can be asked: one that comes back is a change. It asks for the folders that are
// there, by one listing: on a slow file system each of 256 names would be a wait.
func (f *Folder) stamps() map[string]time.Time {
	all := map[string]time.Time{}
	note := func(name string, info iofs.FileInfo, err error) {
		if err == nil && info.IsDir() {
			all[name] = info.ModTime()
		}
	}
	info, err := f.root.Lstat(packsDir) // before the listing: what comes after it is a change
	note(packsDir, info, err)
	entries, _ := f.List(packsDir)
	for _, e := range entries {
		if len(e.Name()) == 2 && isHex(e.Name()) {
			info, err := e.Info()
			note(packsDir+"/"+e.Name(), info, err)
		}
	}
	return all
}

// changedSince reports whether a name may have come into packs/ since the time
// at which the stamps were taken. A change in the same tick of the clock shows
// no other time, so a folder that had just changed counts as changed.
func (f *Folder) changedSince(stamps map[string]time.Time, taken time.Time) bool {
	for name, changed := range f.stamps() {
		if was, ok := stamps[name]; !ok || !was.Equal(changed) || changed.After(taken.Add(-mtimeGrain)) {
			return true
		}
	}
	return false
}
