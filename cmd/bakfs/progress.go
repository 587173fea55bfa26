package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"bakfs/snapshot"

	"golang.org/x/term"
)

// A tally is how far some work is. Totals are 0 while they are not known.
type tally struct {
	files, totalFiles uint64
	bytes, totalBytes uint64
	what              string // what is counted where that is not files; bytes need not be known then
}

// A progress shows one line on a terminal while work goes on, ten times a second
// at most, and takes it away at the end. A nil progress shows nothing.
type progress struct {
	w       io.Writer
	width   func() int
	what    string
	read    func() tally
	start   time.Time
	stop    chan struct{}
	stopped chan struct{}

	mu      sync.Mutex // held while something is written
	visible bool
}

// progress starts to show what read says, until done. It returns nil where there
// is no terminal to show it on, with -q and with --json.
func (p *program) progress(what string, read func() tally) *progress {
	if p.quiet || p.json || p.getenv("TERM") == "dumb" || !isTerminal(p.stderr) {
		return nil
	}
	width := func() int {
		if w, _, err := term.GetSize(int(p.stderr.Fd())); err == nil && w >= 20 {
			return w
		}
		return 80
	}
	g := &progress{w: p.stderr, width: width, what: what, read: read, start: time.Now(),
		stop: make(chan struct{}), stopped: make(chan struct{})}
	go g.run()
	return g
}

func (g *progress) run() {
	defer close(g.stopped)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-g.stop:
			return
		case now := <-tick.C:
			g.draw(now)
		}
	}
}

func (g *progress) draw(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	line := []rune(g.what + "  " + g.read().line(now.Sub(g.start)))
	if width := g.width(); len(line) >= width {
		line = line[:width-1]
	}
	fmt.Fprint(g.w, "\r"+string(line)+"\x1b[K")
	g.visible = true
}

// around takes the line away while f writes to the terminal.
func (g *progress) around(f func()) {
	if g == nil {
		f()
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.erase()
	f()
}

// done takes the line away for good. It is called once.
func (g *progress) done() {
	if g == nil {
		return
	}
	close(g.stop)
	<-g.stopped
	g.mu.Lock()
	defer g.mu.Unlock()
	g.erase()
}

func (g *progress) erase() {
	if g.visible {
		fmt.Fprint(g.w, "\r\x1b[K")
		g.visible = false
	}
}

// line is files, bytes, speed and, where the end is known, the time it will take;
// where nothing can be counted, the time it took so far.
func (t tally) line(elapsed time.Duration) string {
	var parts []string
	what := cmp.Or(t.what, "files")
	switch {
	case t.totalFiles > 0:
		parts = append(parts, number(t.files)+"/"+number(t.totalFiles)+" "+what)
	case t.files > 0:
		parts = append(parts, number(t.files)+" "+what)
	}
	switch {
	case t.totalBytes > 0:
		parts = append(parts, bytesOf(t.bytes)+"/"+bytesOf(t.totalBytes))
	case t.bytes > 0 || t.what == "":
		parts = append(parts, bytesOf(t.bytes))
	case len(parts) == 0:
		parts = append(parts, clock(elapsed))
	}
	seconds := elapsed.Seconds()
	if seconds < 1 || t.bytes == 0 {
		return strings.Join(parts, "  ")
	}
	speed := float64(t.bytes) / seconds
	parts = append(parts, bytesOf(uint64(speed))+"/s")
	if t.totalBytes > t.bytes {
		left := float64(t.totalBytes-t.bytes) / speed
		parts = append(parts, "ETA "+clock(time.Duration(min(left, 360000)*float64(time.Second))))
	}
	return strings.Join(parts, "  ")
}

// tallyOf reads the counters of a run in package snapshot.
func tallyOf(c *snapshot.Progress) func() tally {
	return func() tally {
		t := tally{files: uint64(c.Files.Load()), bytes: uint64(c.Bytes.Load())}
		if c.Total.Load() {
			t.totalFiles, t.totalBytes = uint64(c.TotalFiles.Load()), uint64(c.TotalBytes.Load())
		}
		return t
	}
}
