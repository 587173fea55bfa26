package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func TestTallyLine(t *testing.T) {
	for _, c := range []struct {
		t       tally
		elapsed time.Duration
		want    string
	}{
		{tally{}, 0, "0 B"},
		{tally{files: 3, bytes: 2048}, time.Second / 2, "3 files  2.0 KiB"},
		{tally{files: 3, bytes: 2048}, 2 * time.Second, "3 files  2.0 KiB  1.0 KiB/s"},
		{tally{1000, 20000, 100 << 20, 700 << 20, ""}, 10 * time.Second, "1,000/20,000 files  100.0 MiB/700.0 MiB  10.0 MiB/s  ETA 1:00"},
		{tally{1, 1, 10, 10, ""}, 2 * time.Second, "1/1 files  10 B/10 B  5 B/s"},
		{tally{files: 1, totalFiles: 2, bytes: 2048, totalBytes: 4096, what: "packs"}, 0, "1/2 packs  2.0 KiB/4.0 KiB"},
		{tally{files: 1234, what: "chunks"}, 5 * time.Second, "1,234 chunks"},
		{tally{what: "packs"}, 65 * time.Second, "1:05"},
		{tally{1, 2, 1, 1 << 60, ""}, 10 * time.Second, "1/2 files  1 B/1.0 EiB  0 B/s  ETA 100:00:00"},
	} {
		if got := c.t.line(c.elapsed); got != c.want {
			t.Errorf("%+v: %q, want %q", c.t, got, c.want)
		}
	}
}

func TestProgressFitsAndIsErased(t *testing.T) {
	var b bytes.Buffer
	g := &progress{w: &b, width: func() int { return 20 }, what: "a long word of work", read: func() tally { return tally{files: 7, bytes: 7} },
		stop: make(chan struct{}), stopped: make(chan struct{})}
	g.draw(time.Now())
	if got := b.String(); got != "\ra long word of work\x1b[K" {
		t.Errorf("%q", got)
	}
	b.Reset()
	g.around(func() { b.WriteString("words\n") })
	if got := b.String(); got != "\r\x1b[Kwords\n" {
		t.Errorf("%q", got)
	}
	g.draw(time.Now())
	b.Reset()
	go g.run()
	g.done()
	if got := b.String(); !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("left on the screen: %q", got)
	}
	var none *progress
	said := false
	none.around(func() { said = true })
	none.done()
	if !said {
		t.Error("words are lost where no progress is shown")
	}
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1: "1 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1<<20 - 1: "1.0 MiB", 1 << 20: "1.0 MiB",
		999 << 20: "999.0 MiB", 1 << 30: "1.0 GiB", 1<<63 - 1: "8.0 EiB"} {
		if got := bytesOf(n); got != want {
			t.Errorf("bytesOf(%d) = %s, want %s", n, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", 1<<64 - 1: "18,446,744,073,709,551,615"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %s, want %s", n, got, want)
		}
	}
	if got := table([][]string{{"a", "bb", "c"}, {"äää", "b", "dd"}}, 1); got != "a    bb  c\näää   b  dd\n" {
		t.Errorf("%q", got)
	}
	for d, want := range map[time.Duration]string{0: "0:00", 59 * time.Second: "0:59", 61 * time.Second: "1:01", 3661 * time.Second: "1:01:01"} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) = %s, want %s", d, got, want)
		}
	}
}

// Where no counts are shown, nothing walks the sources for their totals.
func TestBackupCountsOnlyWhatIsShown(t *testing.T) {
	none, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close()
	p := &program{stderr: none, getenv: func(string) string { return "" }}
	if counts, bar := p.backupProgress(); counts != nil || bar != nil {
		t.Errorf("counts %v for no bar %v", counts, bar)
	}
}
