package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// signalDays is how many daily backups of a phone are backed up.
const signalDays = 10

// kept is how many backups of its own a phone keeps.
const kept = 2

// A signalSeries is what the daily backups of one made-up Signal account cost in
// one of the apps' formats.
type signalSeries struct {
	Kind     string // of the generator
	Messages int
	Content  int64              // bytes of the phone's folder on the first day
	Growth   map[string][]int64 // program: of its repository, by day
	Seconds  map[string][]float64
	CPU      map[string][]float64
}

// signalKinds are the formats: what the generator calls them, the folder that it
// writes, the secret that opens it, and what people call them.
var signalKinds = []struct{ kind, folder, key, title string }{
	{"v2", "SignalBackups", "recovery-key.txt", "folder backup"},
	{"legacy", "legacy", "passphrase.txt", "legacy `.backup`"},
}

// signalSeries backs up the same days with each program.
func (b *bench) signalSeries(ctx context.Context, scale float64) error {
	tool := os.Getenv("BAKFS_SIGNALGEN")
	if tool == "" {
		tool = filepath.Join("..", "shared", "tools", "signalgen")
	}
	bin := filepath.Join(b.tmp, "signalgen")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, ".")
	build.Dir = tool
	if out, err := build.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		b.results.Missing = append(b.results.Missing, "Signal's days: the generator of backups is not there (BAKFS_SIGNALGEN)")
		say("left out: Signal's days: %v %s", err, out)
		return nil
	}
	b.results.Signal = nil
	for _, k := range signalKinds {
		s := &signalSeries{Kind: k.kind, Messages: max(400, int(20_000*scale)), Growth: map[string][]int64{},
			Seconds: map[string][]float64{}, CPU: map[string][]float64{}}
		p := &phone{bin: bin, dir: filepath.Join(b.tmp, "phone-"+k.kind), kind: k.kind, folder: k.folder, key: k.key,
			messages: s.Messages, media: max(20, int(1000*scale))}
		if err := b.series(ctx, s, p); err != nil {
			return fmt.Errorf("signal days, %s: %w", k.kind, err)
		}
		b.results.Signal = append(b.results.Signal, s)
	}
	return nil
}

// series backs up the days of one phone.
func (b *bench) series(ctx context.Context, s *signalSeries, p *phone) error {
	var turns []*turn
	for _, prog := range b.tools {
		if prog.memory {
			continue
		}
		t := &turn{bench: b, name: prog.Name, dir: filepath.Join(b.tmp, "days-"+s.Kind, prog.Name)}
		t.tool = prog.setUp(t.dir, p.data())
		if prog.Name == "bakfs" {
			t.tool.backup = takeSignal(t.tool.backup, p)
		}
		if err := t.tool.prepare(ctx, t.dir); err != nil {
			return err
		}
		var err error
		if t.size, err = size(t.tool.repo); err != nil {
			return err
		}
		turns = append(turns, t)
	}
	if err := p.generate(ctx); err != nil {
		return err
	}
	for day := 1; day <= signalDays; day++ {
		if err := p.live(day); err != nil {
			return err
		}
		if day == 1 {
			var err error
			if s.Content, err = size(p.data()); err != nil {
				return err
			}
		}
		for _, t := range turns {
			if err := t.signalDay(ctx, s, day); err != nil {
				return fmt.Errorf("%s: day %d: %w", t.name, day, err)
			}
		}
		say("Signal's days: %s, day %d", s.Kind, day)
	}
	return nil
}

// signalDay backs up one day.
func (t *turn) signalDay(ctx context.Context, s *signalSeries, day int) error {
	if err := readTree(ctx, t.tool.repo); err != nil {
		return err
	}
	k, _, err := t.tool.backup(fmt.Sprintf("day%d", day)).run(ctx)
	if err != nil {
		return err
	}
	now, err := size(t.tool.repo)
	s.Growth[t.name] = append(s.Growth[t.name], now-t.size)
	s.Seconds[t.name] = append(s.Seconds[t.name], k.wall.Seconds())
	s.CPU[t.name] = append(s.CPU[t.name], k.cpu.Seconds())
	t.size = now
	return err
}

// takeSignal makes a command that backs up a folder one that takes Signal's
// backups in it.
func takeSignal(backup func(string) command, p *phone) func(string) command {
	return func(label string) command {
		c := backup(label)
		c.args = slices.Clone(c.args)
		c.args[len(c.args)-1] = "--signal=" + p.data()
		c.env = append(slices.Clone(c.env), "BAKFS_SIGNAL_KEY_FILE="+filepath.Join(p.dir, p.key))
		return c
	}
}

// A phone makes a backup each day and keeps the newest two.
type phone struct {
	bin, dir        string
	kind            string
	folder, key     string
	messages, media int
}

// data is what is backed up.
func (p *phone) data() string { return filepath.Join(p.dir, p.folder) }

// all is where the backups of all days lie before their days come.
func (p *phone) all() string { return p.dir + "-all" }

// generate writes the backups of all days.
func (p *phone) generate(ctx context.Context) error {
	c := exec.CommandContext(ctx, p.bin, "--quiet", "--out", p.all(), "--kind", p.kind, "--seed", "3", "--chats", "60", "--days", fmt.Sprint(signalDays),
		"--messages", fmt.Sprint(p.messages), "--media", fmt.Sprint(p.media), "--media-bytes", "150000")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("signalgen: %w\n%s", err, tail(string(out)))
	}
	key, err := os.ReadFile(filepath.Join(p.all(), p.key))
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(p.data(), 0o700), os.WriteFile(filepath.Join(p.dir, p.key), key, 0o600))
}

// live lets the phone write the backup of a day, of which the first is 1, and
// remove those that it does not keep.
func (p *phone) live(day int) error {
	from := filepath.Join(p.all(), p.folder)
	list, err := filepath.Glob(filepath.Join(from, "signal-*"))
	if err != nil || len(list) != signalDays {
		return fmt.Errorf("the generator wrote %d backups: %w", len(list), err)
	}
	slices.Sort(list)
	names, err := listedMedia(filepath.Join(list[day-1], "files"))
	if err != nil {
		return err
	}
	for _, name := range append(names, filepath.Base(list[day-1])) {
		if err := place(filepath.Join(from, name), filepath.Join(p.data(), name)); err != nil {
			return err
		}
	}
	if day > kept {
		return os.RemoveAll(filepath.Join(p.data(), filepath.Base(list[day-1-kept])))
	}
	return nil
}

// place puts a file or a folder where it is not yet.
func place(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return nil
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.Link(from, to)
}

// listedMedia returns the media of a snapshot, as paths in the backup folder, by
// the snapshot's list: records of 66 bytes, each with a name of 64 hex digits. A
// legacy backup has none.
func listedMedia(list string) (names []string, err error) {
	b, err := os.ReadFile(list)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	for ; len(b) >= 67 && err == nil; b = b[67:] {
		name := string(b[3:67])
		names = append(names, filepath.Join("files", name[:2], name))
	}
	return names, err
}

// signalSection is the part of the report about Signal's days.
func (r *results) signalSection() string {
	if len(r.Signal) == 0 {
		return ""
	}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("\n## Signal's daily backups\n\nOne made-up account of %d messages, backed up on %d days as Signal's app writes it, encrypted anew each day (the phone keeps the newest %d). ",
		r.Signal[0].Messages, signalDays, kept)
	p("bakfs is given the key of the backups. “Of the first”: the repository after all days, as a multiple of that after the first.\n\n")
	p("| format | program | first day | each further day | all days | of the first | seconds a day | processor |\n|---|---|--:|--:|--:|--:|--:|--:|\n")
	for _, s := range r.Signal {
		title := s.Kind
		for _, k := range signalKinds {
			if k.kind == s.Kind {
				title = fmt.Sprintf("%s, %.0f MB", k.title, float64(s.Content)/1e6)
			}
		}
		for _, prog := range r.Programs {
			g := s.Growth[prog.Name]
			if len(g) < 2 {
				continue
			}
			all := 0.0
			for _, n := range g {
				all += float64(n)
			}
			first, name := float64(g[0]), prog.Name
			if name == "bakfs" {
				name = "**bakfs**"
			}
			p("| %s | %s | %s | %s | %s | %.2f | %.1f | %.1f |\n", title, strings.ReplaceAll(name, "restic*", `restic\*`), inBytes.words(first),
				inBytes.words((all-first)/float64(len(g)-1)), inBytes.words(all), all/math.Max(first, 1), mean(s.Seconds[prog.Name][1:]), mean(s.CPU[prog.Name][1:]))
		}
	}
	return b.String()
}

func mean(list []float64) (m float64) {
	for _, x := range list {
		m += x / float64(len(list))
	}
	return m
}
