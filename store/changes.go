package store

import (
	"fmt"
	"time"
)

// mtimeGrain is more than the clock ticks by which file systems time changes of
// folders.
const mtimeGrain = 50 * time.Millisecond

// stamps returns when packs/ and each folder in it last changed, of those that
// can be asked: one that comes back is a change.
func (f *Folder) stamps() map[string]time.Time {
	all := make(map[string]time.Time, 257)
	note := func(name string) {
		if info, err := f.root.Lstat(name); err == nil && info.IsDir() {
			all[name] = info.ModTime()
		}
	}
	note(packsDir)
	for i := range 256 {
		note(fmt.Sprintf("%s/%02x", packsDir, i))
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
