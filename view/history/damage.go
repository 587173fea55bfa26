package history

import (
	"cmp"
	"slices"
)

// maxDamages bounds how many are remembered.
const maxDamages = 1000

// A Damage is something that could not be read and was left out.
type Damage struct {
	Backup string // label
	Path   string // in the folder of the backup
	Err    error  // without anything of the content
}

type damages struct {
	list []Damage
	have map[[2]string]bool
}

// report remembers a damage of backup i, once.
func (h *History) report(i int, path string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := Damage{h.backups[i].Label, path, err}
	k := [2]string{d.Backup, path}
	if h.damage.have[k] || len(h.damage.list) >= maxDamages {
		return
	}
	if h.damage.have == nil {
		h.damage.have = map[[2]string]bool{}
	}
	h.damage.have[k] = true
	h.damage.list = append(h.damage.list, d)
}

// Damage returns what was left out so far, since it cannot be read, in the order
// of backups and paths; at most a thousand. It grows as more is read.
func (h *History) Damage() []Damage {
	h.mu.Lock()
	list := slices.Clone(h.damage.list)
	h.mu.Unlock()
	slices.SortFunc(list, func(a, b Damage) int {
		return cmp.Or(cmp.Compare(h.place(a.Backup), h.place(b.Backup)), cmp.Compare(a.Path, b.Path))
	})
	return list
}

// place returns which backup has a label.
func (h *History) place(label string) int {
	return slices.IndexFunc(h.backups, func(b Backup) bool { return b.Label == label })
}
