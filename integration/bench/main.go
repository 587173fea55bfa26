// Command bench runs bakfs and other backup programs in turn on one data set,
// several rounds, and writes how they compare: RESULTS.md and results.svg.
//
//	go run ./integration/bench [-rounds N] [-scale F] [-dir DIR] [-out DIR]
//
// restic and borg are Debian's (apt-get install restic borgbackup). BENCH_RESTIC
// and BENCH_KOPIA may name other binaries, which are measured besides, and
// BENCH_BAKFS one to take instead of what the module builds. What is not there
// is said and left out. Two servers that hold the same files in memory
// show what FUSE itself allows: one through package fs, and one of go-fuse alone.
//
// What always holds: whatever is started or mounted is ended and unmounted before
// the program returns, also when it is interrupted, and its temporary folder is
// removed. Passwords are made up and lie in that folder only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// A config is what the command line says.
type config struct {
	rounds int
	scale  float64
	dir    string // where data, repositories and mounts lie; "": a new temporary folder
	out    string // where the results go
	only   string // names of programs, with commas; "": all
	again  bool   // make the report anew from results.json
	days   bool   // measure Signal's days only, and put them into results.json
	serve  string // this process is the server of that name; see memory.go
}

func main() {
	var c config
	flag.IntVar(&c.rounds, "rounds", 3, "`N` rounds; the medians count")
	flag.Float64Var(&c.scale, "scale", 1, "size of the data set; `F` = 1 is 20,000 small files, 150 media files and a database of 256 MiB")
	flag.StringVar(&c.dir, "dir", "", "new temporary folder in `DIR`, of about 5 GB for each round")
	flag.StringVar(&c.out, "out", "integration/bench", "RESULTS.md, results.svg and results.json are written into `DIR`")
	flag.StringVar(&c.only, "only", "", "measure `NAMES` only, for example bakfs,restic,memory")
	flag.BoolVar(&c.again, "again", false, "measure nothing; write the report anew from results.json and notes.md")
	flag.BoolVar(&c.days, "days", false, "measure Signal's daily backups only, and put them into the results that there are")
	flag.StringVar(&c.serve, "serve", "", "for the program itself: serve `NAME` DATA MNT")
	flag.Parse()
	if err := c.run(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (c config) run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if c.serve != "" {
		if len(args) != 2 {
			return errors.New("-serve NAME DATA MNT")
		}
		return serveMemory(ctx, c.serve, args[0], args[1])
	}
	if len(args) > 0 || c.rounds < 1 || c.scale <= 0 || c.scale > 10 {
		return errors.New("usage: bench [-rounds N] [-scale F] [-dir DIR] [-out DIR] [-only NAMES]")
	}
	if c.again {
		r, err := loadResults(c.out)
		if err != nil {
			return err
		}
		return r.write(c.out)
	}
	r, err := c.measure(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted; nothing is left behind")
		}
		return err
	}
	return r.write(c.out)
}

// measure makes the data set and runs all rounds on it.
func (c config) measure(ctx context.Context) (r *results, err error) {
	tmp, err := os.MkdirTemp(c.dir, "bakfs-bench-")
	if err != nil {
		return nil, err
	}
	if tmp, err = filepath.Abs(tmp); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, removeAll(tmp)) }()
	bin, err := bakfsBinary(ctx, tmp)
	if err != nil {
		return nil, err
	}
	tools, missing := findTools(bin, c.only)
	for _, m := range missing {
		say("left out: %s", m)
	}
	if len(tools) == 0 {
		return nil, fmt.Errorf("-only %s names none of the programs", c.only)
	}
	if c.days {
		return c.measureDays(ctx, &bench{tmp: tmp, tools: tools})
	}
	say("making the data set in %s", tmp)
	data, err := makeData(ctx, filepath.Join(tmp, "data"), c.scale)
	if err != nil {
		return nil, err
	}
	r = newResults(c, data, tools, missing)
	b := &bench{tmp: tmp, data: data, tools: tools, results: r, caches: cacheDropper()}
	r.Caches = b.caches.how
	for n := range c.rounds {
		if err := b.round(ctx, n); err != nil {
			return nil, err
		}
	}
	if err := b.signalSeries(ctx, c.scale); ctx.Err() != nil {
		return nil, err
	} else if err != nil { // no reason to lose what was measured before
		r.Failed = append(r.Failed, strings.ReplaceAll(err.Error(), tmp, "…"))
	}
	return r, nil
}

// measureDays measures Signal's daily backups and puts them into the results of
// an earlier run, if there was one.
func (c config) measureDays(ctx context.Context, b *bench) (*results, error) {
	r, err := loadResults(c.out)
	if errors.Is(err, os.ErrNotExist) {
		r, err = newResults(c, &dataSet{root: b.tmp}, b.tools, nil), nil
	}
	b.results = r
	if err == nil {
		err = b.signalSeries(ctx, c.scale)
	}
	return r, err
}

// bakfsBinary builds bakfs, unless BENCH_BAKFS names one.
func bakfsBinary(ctx context.Context, dir string) (string, error) {
	if bin := os.Getenv("BENCH_BAKFS"); bin != "" {
		return filepath.Abs(bin)
	}
	bin := filepath.Join(dir, "bakfs")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", bin, "bakfs/cmd/bakfs")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
}

// removeAll removes the temporary folder, also where a program made folders
// that cannot be written.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	filepath.WalkDir(dir, func(p string, d os.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			os.Chmod(p, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

func say(format string, args ...any) {
	fmt.Fprintln(os.Stderr, strings.TrimSpace(fmt.Sprintf("bench: "+format, args...)))
}
