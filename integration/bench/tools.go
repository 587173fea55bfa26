package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A program is one that is measured.
type program struct {
	Name    string // column
	Version string
	memory  bool // serves the data from memory, and has no repository
	setUp   func(dir, data string) *tool
}

// A tool is a program with a repository of its own, new in each round.
type tool struct {
	files   map[string]string // written before anything else
	init    []command
	backup  func(label string) command
	restore func(to string) command
	mount   func(dir string, said string) command // said: what the last backup said
	tree    func(dir string) string               // where the data is in the mount
	repo    string
}

// password is that of every peer's repository; each program reads it from its
// environment or from a file in the temporary folder.
const password = "a password of the benchmark"

// findTools returns the programs that are there, and says what is not.
func findTools(bakfs, only string) (found []program, missing []string) {
	wanted := func(name string) bool {
		return only == "" || slices.Contains(strings.Split(only, ","), name)
	}
	add := func(name, bin, hint string, version []string, setUp func(bin, dir, data string) *tool) {
		if !wanted(name) {
			return
		}
		path, err := exec.LookPath(bin)
		if err != nil {
			missing = append(missing, fmt.Sprintf("%s: %s", name, hint))
			return
		}
		out, err := exec.Command(path, version...).Output()
		if err != nil {
			missing = append(missing, fmt.Sprintf("%s: %v", name, err))
			return
		}
		line, _, _ := strings.Cut(string(out), "\n")
		found = append(found, program{Name: name, Version: strings.TrimSpace(line),
			setUp: func(dir, data string) *tool { return setUp(path, dir, data) }})
	}
	add("bakfs", bakfs, "", []string{"version"}, bakfsTool)
	add("restic", "restic", "apt-get install restic", []string{"version"}, resticTool)
	if bin := os.Getenv("BENCH_RESTIC"); bin != "" {
		add("restic*", bin, "BENCH_RESTIC names no program", []string{"version"}, resticTool)
	}
	add("borg", "borg", "apt-get install borgbackup python3-pyfuse3", []string{"--version"}, borgTool)
	if bin := os.Getenv("BENCH_KOPIA"); bin != "" {
		add("kopia", bin, "BENCH_KOPIA names no program", []string{"--version"}, kopiaTool)
	}
	for _, name := range []string{"memory", "bare"} {
		if wanted(name) {
			found = append(found, program{Name: name, Version: memoryServers[name], memory: true})
		}
	}
	return found, missing
}

func bakfsTool(bin, dir, data string) *tool {
	env := []string{"BAKFS_REPOSITORY=" + dir + "/repo", "BAKFS_STATE_DIR=" + dir + "/state", "BAKFS_CACHE_DIR=" + dir + "/cache"}
	do := func(args ...string) command { return command{args: append([]string{bin}, args...), env: env} }
	return &tool{
		repo:    dir + "/repo",
		init:    []command{do("init", "-q", "--device", "bench", "--write-key", dir+"/key")},
		backup:  func(string) command { return do("backup", "-q", data) },
		restore: func(to string) command { return do("restore", "-q", "latest:"+data, to) },
		mount:   func(at, _ string) command { return do("mount", "-q", "-f", at) },
		tree:    func(at string) string { return filepath.Join(at, "snapshots/latest/files", data) },
	}
}

func resticTool(bin, dir, data string) *tool {
	env := []string{"RESTIC_REPOSITORY=" + dir + "/repo", "RESTIC_PASSWORD_FILE=" + dir + "/password", "RESTIC_CACHE_DIR=" + dir + "/cache"}
	do := func(args ...string) command { return command{args: append([]string{bin, "-q"}, args...), env: env} }
	return &tool{
		repo:    dir + "/repo",
		files:   map[string]string{dir + "/password": password},
		init:    []command{do("init")},
		backup:  func(string) command { return do("backup", data) },
		restore: func(to string) command { return do("restore", "latest", "--target", to) },
		mount:   func(at, _ string) command { return do("mount", at) },
		tree:    func(at string) string { return filepath.Join(at, "snapshots/latest", data) },
	}
}

func borgTool(bin, dir, data string) *tool {
	env := []string{"BORG_REPO=" + dir + "/repo", "BORG_PASSPHRASE=" + password, "BORG_BASE_DIR=" + dir + "/base"}
	do := func(args ...string) command { return command{args: append([]string{bin}, args...), env: env} }
	return &tool{
		repo:   dir + "/repo",
		files:  map[string]string{dir + "/base/.keep": ""},
		init:   []command{do("init", "-e", "repokey-blake2")},
		backup: func(label string) command { return do("create", "::"+label, data) },
		restore: func(to string) command {
			c := do("extract", "::day")
			c.dir = to
			return c
		},
		mount: func(at, _ string) command { return do("mount", "-f", "::", at) },
		tree:  func(at string) string { return filepath.Join(at, "day", data) },
	}
}

func kopiaTool(bin, dir, data string) *tool {
	env := []string{"KOPIA_PASSWORD=" + password, "KOPIA_CONFIG_PATH=" + dir + "/config", "KOPIA_CACHE_DIRECTORY=" + dir + "/cache",
		"KOPIA_LOG_DIR=" + dir + "/log", "KOPIA_CHECK_FOR_UPDATES=false"}
	do := func(args ...string) command { return command{args: append([]string{bin}, args...), env: env} }
	return &tool{
		repo:  dir + "/repo",
		files: map[string]string{dir + "/repo/.keep": ""},
		init: []command{
			do("repository", "create", "filesystem", "--path", dir+"/repo"),
			do("policy", "set", "--global", "--compression=zstd-fastest"), // its default is none
		},
		backup: func(string) command { return do("snapshot", "create", "--no-progress", "--json", data) },
		restore: func(to string) command {
			return do("snapshot", "restore", "--snapshot-time=latest", "--no-progress", data, to)
		},
		mount: func(at, said string) command { return do("mount", kopiaRoot(said), at) },
		tree:  func(at string) string { return at },
	}
}

// kopiaRoot finds the snapshot's object in what "kopia snapshot create" printed.
func kopiaRoot(said string) string {
	var made struct {
		RootEntry struct {
			Obj string `json:"obj"`
		} `json:"rootEntry"`
	}
	for line := range strings.Lines(said) {
		if json.Unmarshal([]byte(line), &made) == nil && made.RootEntry.Obj != "" {
			return made.RootEntry.Obj
		}
	}
	return "all"
}

// prepare makes the repository.
func (t *tool) prepare(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, content := range t.files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			return err
		}
	}
	for _, c := range t.init {
		if _, _, err := c.run(ctx); err != nil {
			return err
		}
	}
	return nil
}
