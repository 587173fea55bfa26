package main

import (
	"crypto/sha256"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// digest is a hash of all files below root, with their names.
func digest(t *testing.T, root string) [32]byte {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(root, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		io.WriteString(h, strings.TrimPrefix(p, root))
		h.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(h.Sum(nil))
}

func TestDataSetIsTheSameEachTimeAndChangesEachDay(t *testing.T) {
	var first, later [2][32]byte
	for i := range 2 {
		d, err := makeData(t.Context(), t.TempDir(), 0.001)
		if err != nil {
			t.Fatal(err)
		}
		first[i] = digest(t, d.root)
		if err := d.nextDay(t.Context()); err != nil {
			t.Fatal(err)
		}
		later[i] = digest(t, d.root)
	}
	if first[0] != first[1] || later[0] != later[1] {
		t.Error("two data sets differ")
	}
	if first[0] == later[0] {
		t.Error("a day changes nothing")
	}
}

// sample is a run in which restic is ahead in one row.
func sample() *results {
	r := &results{Rounds: 3, Programs: []program{{Name: "bakfs"}, {Name: "restic"}, {Name: "memory"}},
		Figures: map[string]map[string][]float64{}, CPU: map[string]map[string][]float64{}}
	for _, v := range []float64{9, 2, 1} {
		r.add("first", "bakfs", v)
		r.add("first", "restic", 3*v)
		r.add("restore", "bakfs", 4*v)
		r.add("restore", "restic", v)
		r.add("read", "bakfs", v)
		r.add("read", "memory", v/2)
		r.add("backup memory", "bakfs", v*1e6)
	}
	return r
}

func TestReportHasMediansRatiosAndWhereAPeerIsAhead(t *testing.T) {
	report := sample().report()
	for _, want := range []string{
		"| first backup | **2.0 s** | 6.0 s (3.0×) | – |",
		"| reading all media, packs in memory | **2.0 s** | – | 1.0 s (50 %) |",
		"| memory, backup, at most | **9.0 MB** | – | – |", // the most, no median
		"- restore of all, cold: restic takes 2.0 s, bakfs 8.0 s (0.25×)",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
	if strings.Contains(report, "- reading all media") || strings.Contains(report, "- first backup") {
		t.Error("the report says that bakfs is behind where it is not")
	}
}

func TestPictureIsWellFormedAndHasAMarkForEachRatio(t *testing.T) {
	marks := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(sample().picture())); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
			marks[e.Attr[0].Value]++
		}
	}
	if marks["bakfs"] != 5 || marks["restic"] != 3 || marks["memory"] != 2 { // each has one more in the legend
		t.Errorf("%v", marks)
	}
}
