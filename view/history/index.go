package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"slices"
	"strconv"
	"strings"
)

// A contentID tells contents apart: equal ones, equal bytes. The zero one is not
// equal to any, itself included.
type contentID [32]byte

// idOf returns the ContentID that a FileInfo has.
func idOf(info iofs.FileInfo) contentID {
	if c, ok := info.(interface{ ContentID() ([32]byte, bool) }); ok {
		if id, ok := c.ContentID(); ok {
			return id
		}
	}
	return contentID{}
}

func (id contentID) same(other contentID) bool { return id == other && id != contentID{} }

// A content is what a file of messages held in some backups.
type content struct {
	file *monthFile
	id   contentID
	in   spans
	size int64
	last int64 // ms: of the last message in it
}

// A monthFile is a file of messages: of one conversation and one month in UTC.
type monthFile struct {
	dir      *chatDir
	name     string
	month    month
	part     int
	contents []*content // as they came

	now   *content // of the backup that was looked at last; nil: it does not have the file
	since int
}

// A chatDir is the folder of a conversation, in all backups.
type chatDir struct {
	name  string
	in    spans
	files []*monthFile // sorted by month and part when the index is done
	last  int64        // ms: of the last message in any backup

	byName map[string]*monthFile
	id     contentID
	since  int // first backup of those that have it without a gap; -1: the last one does not
	seen   int
}

// An index is which files of messages there are in all backups. Backups are
// entered oldest first, and each says only what changed.
type index struct {
	h    *History
	dirs map[string]*chatDir
	root contentID
	good int // backups that could be listed
}

// readIndex lists the folders of all backups.
func (h *History) readIndex(ctx context.Context) (*index, error) {
	x := &index{h: h, dirs: map[string]*chatDir{}}
	var last error
	for i := range h.backups {
		err := x.enter(ctx, i)
		switch {
		case err == nil:
			x.good++
		case !h.lasting(err):
			return nil, err
		default: // what is not known is taken for unchanged, so that nothing counts as gone
			last = err
			h.report(i, "chats", err)
		}
	}
	if x.good == 0 {
		return nil, cmp.Or(last, ErrNoBackup)
	}
	for _, d := range x.dirs {
		d.close(len(h.backups))
		d.byName = nil
		slices.SortFunc(d.files, func(a, b *monthFile) int {
			return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(a.part, b.part))
		})
	}
	return x, nil
}

// enter takes in backup i.
func (x *index) enter(ctx context.Context, i int) error {
	root := within(ctx, x.h.backups[i].FS)
	info, err := iofs.Stat(root, "chats")
	if errors.Is(err, iofs.ErrNotExist) {
		// A backup without messages has no such folder; but then it must be one.
		if _, err := iofs.Stat(root, "envelope"); err != nil {
			return err
		}
		x.leave(i)
		return nil
	}
	if err != nil {
		return err
	}
	id := idOf(info)
	if id.same(x.root) {
		return nil
	}
	chats, err := iofs.Sub(root, "chats")
	if err != nil {
		return err
	}
	list, err := iofs.ReadDir(chats, ".")
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := x.enterDir(chats, e, i); err != nil {
			return err
		}
	}
	x.leave(i)
	x.root = id
	return nil
}

// leave closes the folders that backup i does not have.
func (x *index) leave(i int) {
	for _, d := range x.dirs {
		if d.seen != i+1 {
			d.close(i)
		}
		d.seen = 0
	}
	x.root = contentID{}
}

// enterDir takes in one folder of backup i.
func (x *index) enterDir(chats iofs.FS, e iofs.DirEntry, i int) error {
	if !e.IsDir() {
		return nil
	}
	info, err := e.Info()
	if err != nil {
		return err
	}
	d := x.dirs[e.Name()]
	if d == nil {
		d = &chatDir{name: strings.Clone(e.Name()), since: -1, byName: map[string]*monthFile{}}
		x.dirs[d.name] = d
	}
	d.seen = i + 1
	id := idOf(info)
	if d.since >= 0 && id.same(d.id) {
		return nil
	}
	list, err := iofs.ReadDir(chats, e.Name())
	if err != nil && !x.h.lasting(err) {
		return err
	}
	if d.since < 0 {
		d.since = i
	}
	if err != nil {
		d.id = contentID{}
		x.h.report(i, "chats/"+d.name, err)
		return nil
	}
	d.id = id
	return d.enter(list, i)
}

// enter takes in the folder as it is in backup i.
func (d *chatDir) enter(list []iofs.DirEntry, i int) error {
	here := make(map[*monthFile]bool, len(list))
	for _, e := range list {
		m, part, ok := parseMonthFile(e.Name())
		if !ok || e.IsDir() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		f := d.byName[e.Name()]
		if f == nil {
			f = &monthFile{dir: d, name: strings.Clone(e.Name()), month: m, part: part}
			d.byName[f.name] = f
			d.files = append(d.files, f)
		}
		here[f] = true
		f.enter(info, i)
		d.last = max(d.last, info.ModTime().UnixMilli())
	}
	for _, f := range d.files {
		if !here[f] {
			f.close(i)
		}
	}
	return nil
}

func (d *chatDir) close(i int) {
	if d.since >= 0 {
		d.in = append(d.in, span{d.since, i - 1})
		for _, f := range d.files {
			f.close(i)
		}
	}
	d.since = -1
}

// enter takes in the file as it is in backup i.
func (f *monthFile) enter(info iofs.FileInfo, i int) {
	id := idOf(info)
	if f.now != nil && id.same(f.now.id) {
		return
	}
	f.close(i)
	f.since = i
	for _, c := range f.contents {
		if id.same(c.id) {
			f.now = c
			return
		}
	}
	f.now = &content{file: f, id: id, size: info.Size(), last: info.ModTime().UnixMilli()}
	f.contents = append(f.contents, f.now)
}

// close ends the run of backups that have the content at hand before backup i.
func (f *monthFile) close(i int) {
	if f.now != nil {
		f.now.in = f.now.in.with(spans{{f.since, i - 1}})
		f.now = nil
	}
}

// parseMonthFile reads the name of a file of messages: YYYY-MM or YYYY-MM.n.
func parseMonthFile(s string) (m month, part int, ok bool) {
	base, tail, more := strings.Cut(s, ".")
	part = 1
	if more {
		n, err := strconv.Atoi(tail)
		if err != nil || n < 2 || strconv.Itoa(n) != tail {
			return 0, 0, false
		}
		part = n
	}
	m, ok = parseMonth(base)
	return m, part, ok
}

// within binds an FS to a context, if it can be.
func within(ctx context.Context, fsys iofs.FS) iofs.FS {
	if c, ok := fsys.(interface {
		WithContext(context.Context) iofs.FS
	}); ok {
		return c.WithContext(ctx)
	}
	return fsys
}

// path is where the content is in the folder of a backup.
func (c *content) path() string {
	return fmt.Sprintf("chats/%s/%s", c.file.dir.name, c.file.name)
}
