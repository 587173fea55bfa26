package view

import (
	"context"
	"fmt"
	"path"
	"time"

	"bakfs/view/name"
)

// allMedia is the account's media/: photos, videos and voice messages of all
// conversations, a folder for each year and month that has messages.
func (a *account) allMedia(place key, last time.Time) node {
	return a.mediaByDate(place, last, a.calendar, func(attachment) bool { return true })
}

func (a *account) mediaByDate(place key, last time.Time, calendar func(context.Context) ([]span, error), keep func(attachment) bool) *dir {
	return a.folder(place, last, func(ctx context.Context) ([]child, error) {
		spans, err := calendar(ctx)
		if err != nil {
			return nil, err
		}
		all := []child{}
		for _, year := range inYears(spans) {
			name := fmt.Sprintf("%04d", year[0].Year)
			months := make([]child, 0, len(year))
			for _, s := range year {
				months = append(months, child{s.String(), a.mediaOf(place.with(s.String()), s, keep)})
			}
			all = append(all, child{name, &dir{ino: place.with(name).number(), mtime: at(a.end(year[len(year)-1])), list: fixed(months...)}})
		}
		return all, nil
	})
}

// mediaOf is the folder of a month.
func (a *account) mediaOf(place key, s span, keep func(attachment) bool) *dir {
	return a.folder(place, a.end(s), func(ctx context.Context) ([]child, error) {
		all, names := []child{}, distinct{}
		lost, err := a.digests(ctx, s.pieces, func(p piece, d *digest) error {
			for _, f := range d.files {
				if !inAllMedia(f.path) || !keep(f) {
					continue
				}
				n, err := a.stored(ctx, p.chat, f)
				if err != nil {
					return err
				}
				all = append(all, child{names.take(a.o.Names, path.Base(f.path), p.chat.Folder, n.ino), n})
			}
			return nil
		})
		return append(all, lost...), err
	})
}

// distinct are names that were given out in one folder, folded.
type distinct map[string]bool

// take returns the name of a file among those of other conversations. In the rare
// case that two would be equal, the later one has its inode number in it.
func (d distinct) take(style name.Style, base, folder string, ino uint64) string {
	for n := 0; ; n++ {
		full := style.WithChat(base, folder)
		if n > 0 {
			full = style.WithChat(base, fmt.Sprintf("~%x", ino+uint64(n)))
		}
		if fold := name.Fold(full); !d[fold] {
			d[fold] = true
			return full
		}
	}
}
