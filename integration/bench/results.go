package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// results are all figures of a run, and where they were made. They are kept as
// results.json beside the report.
type results struct {
	Command  string
	Date     string
	Machine  []string
	Caches   string
	Rounds   int
	Scale    float64
	Files    int
	Bytes    int64
	Programs []program
	Missing  []string
	Failed   []string                        // works that a peer did not do
	Figures  map[string]map[string][]float64 // work, program: seconds or bytes of each round
	CPU      map[string]map[string][]float64 // seconds of processor time
	Signal   []*signalSeries                 // Signal's daily backups
}

func newResults(c config, d *dataSet, tools []program, missing []string) *results {
	cmd := fmt.Sprintf("go run ./integration/bench -rounds %d", c.rounds)
	if c.scale != 1 {
		cmd += fmt.Sprintf(" -scale %g", c.scale)
	}
	if c.only != "" {
		cmd += " -only '" + c.only + "'"
	}
	return &results{
		Command: cmd, Date: time.Now().UTC().Format("2006-01-02"), Machine: machine(d.root),
		Rounds: c.rounds, Scale: c.scale, Files: d.Files, Bytes: d.Bytes, Programs: tools, Missing: missing,
		Figures: map[string]map[string][]float64{}, CPU: map[string]map[string][]float64{},
	}
}

func add(to map[string]map[string][]float64, work, name string, v float64) {
	if to[work] == nil {
		to[work] = map[string][]float64{}
	}
	to[work][name] = append(to[work][name], v)
}

func (r *results) add(work, name string, v float64)    { add(r.Figures, work, name, v) }
func (r *results) addCPU(work, name string, v float64) { add(r.CPU, work, name, v) }

// median of all figures of a program's work; false if there are none. Of memory
// the largest counts.
func median(of map[string]map[string][]float64, work, name string) (float64, bool) {
	v := slices.Sorted(slices.Values(of[work][name]))
	if len(v) == 0 {
		return 0, false
	}
	if strings.HasSuffix(work, "memory") {
		return v[len(v)-1], true
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2, true
}

// machine tells what one should know of it.
func machine(dir string) []string {
	var u unix.Utsname
	unix.Uname(&u)
	text := func(b []byte) string { return unix.ByteSliceToString(b) }
	var fs unix.Statfs_t
	unix.Statfs(dir, &fs)
	kind := map[int64]string{unix.EXT4_SUPER_MAGIC: "ext4", unix.TMPFS_MAGIC: "tmpfs", unix.BTRFS_SUPER_MAGIC: "btrfs",
		unix.XFS_SUPER_MAGIC: "xfs", unix.OVERLAYFS_SUPER_MAGIC: "overlayfs"}[int64(fs.Type)]
	if kind == "" {
		kind = fmt.Sprintf("a file system of type %#x", fs.Type)
	}
	who := "as a user"
	if os.Geteuid() == 0 {
		who = "as root"
	}
	return []string{
		fmt.Sprintf("%d processors, %s", runtime.NumCPU(), field("/proc/cpuinfo", "model name")),
		"memory: " + field("/proc/meminfo", "MemTotal"),
		fmt.Sprintf("%s %s, %s", text(u.Sysname[:]), text(u.Release[:]), runtime.Version()),
		"data and repositories on " + kind + ", " + who,
	}
}

// field is the value of the first line of a file of /proc with that name.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func loadResults(dir string) (*results, error) {
	b, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		return nil, err
	}
	r := new(results)
	return r, json.Unmarshal(b, r)
}

// write writes the figures, the report and the picture.
func (r *results) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"results.json": append(b, '\n'), "RESULTS.md": []byte(r.report()), "results.svg": []byte(r.picture()),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	say("written: %s", filepath.Join(dir, "RESULTS.md, results.svg, results.json"))
	return nil
}
