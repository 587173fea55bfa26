package snapshot

import (
	"errors"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// Of a source whose listing breaks off, what was listed is kept; of one that lists nothing, an older snapshot is better.
func TestSourceThatIsListedInPart(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/half/f", "one")
	must(t, os.MkdirAll(src+"/none", 0o755))
	write(t, src+"/outer/inner/f", "two")
	must(t, os.Mkdir(src+"/fine", 0o755))
	for name, test := range map[string]struct {
		sources, broken, kept []string
		files, lost           uint64
	}{
		"one of two, in part":  {[]string{"/fine", "/half"}, []string{"half"}, []string{"/fine", "/half"}, 1, 1},
		"the only one":         {[]string{"/half"}, []string{"half"}, []string{"/half"}, 1, 1},
		"one of two, all":      {[]string{"/fine", "/none"}, []string{"none"}, []string{"/fine"}, 0, 1},
		"all of all":           {[]string{"/fine", "/none"}, []string{"none", "fine"}, nil, 0, 2},
		"around another":       {[]string{"/outer", "/outer/inner"}, []string{"outer"}, []string{"/outer/inner"}, 1, 1},
		"both of a pair":       {[]string{"/outer", "/outer/inner"}, []string{"outer", "inner"}, []string{"/outer/inner"}, 1, 2},
		"a folder in a source": {[]string{""}, []string{"none"}, []string{""}, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r.warns = nil
			o := Options{Keys: r.keys, Warn: r.warn}
			for _, s := range test.sources {
				o.Sources = append(o.Sources, src+s)
			}
			c, err := newCreator(r.st, o)
			must(t, err)
			c.listed = func(d *dir) error {
				if slices.Contains(test.broken, d.name) {
					return unix.EIO
				}
				return nil
			}
			root, err := c.run(t.Context())
			if test.kept == nil {
				if !errors.Is(err, unix.EIO) || len(r.warns) != 2 {
					t.Errorf("%v, %q", err, r.warns)
				}
				return
			}
			must(t, err)
			res := c.result()
			for i, s := range test.kept {
				test.kept[i] = src + s
				if _, err := find(t.Context(), r.st, root, src+s); err != nil {
					t.Error(err)
				}
			}
			if !slices.Equal(res.Sources, test.kept) || res.Files != test.files || res.NotRead != test.lost || uint64(len(r.warns)) != test.lost {
				t.Errorf("%+v, %q", res, r.warns)
			}
		})
	}
}

// A source that is not there is missed, wherever it would be.
func TestSourceThatIsNotThere(t *testing.T) {
	r, src := newTestRepo(t), t.TempDir()
	write(t, src+"/f", "one")
	before := r.create(Options{Sources: []string{src}})
	for _, gone := range []string{src + "/gone", src + "/gone/too", src + "/f/g", t.TempDir() + "/a/b"} {
		res := r.createWarned(Options{Sources: []string{src, gone}})
		if !slices.Equal(res.Sources, []string{src}) || res.NotRead != 1 || res.Files != 1 || len(r.warns) != 1 || r.rootOf(res, src) != r.rootOf(before, src) {
			t.Errorf("%s: %+v, %q", gone, res, r.warns)
		}
		if err := r.createErr(Options{Sources: []string{gone}}); err == nil {
			t.Errorf("%s alone is a snapshot", gone)
		}
	}
	// The files of a source that was away for a while are known when it is back.
	must(t, os.Rename(src+"/f", src+"/away"))
	r.createWarned(Options{Sources: []string{src + "/away", src + "/f"}})
	must(t, os.Rename(src+"/away", src+"/f"))
	if infos, errs := List(r.j); len(errs) > 0 || slices.Contains(infos[len(infos)-1].Sources, src+"/f") {
		t.Errorf("%+v, %v", infos[len(infos)-1], errs)
	}
}
