package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	iofs "io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"bakfs/seal"
	"bakfs/store"

	"github.com/spf13/cobra"
)

func newInit(p *program) *cobra.Command {
	var writeKey, device string
	c := &cobra.Command{
		Use:   "init -r DIR",
		Short: "Make a repository and its recovery key",
		Long: `Make a repository in a new or empty folder, and enrol this device in it.

The recovery key is shown once, on the terminal, and two of its groups are asked
back. It is the only thing that opens the repository on another machine, and
nobody can replace it: write it down and keep it away from this machine. With
--write-key it is written into a new file instead, readable by you only.`,
		Example: `  bakfs init -r ~/Dropbox/backup
  bakfs init -r ~/Dropbox/backup --write-key /media/usb/bakfs.key --device laptop`,
		Args: arguments(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return p.init(c.Context(), writeKey, device) },
	}
	c.Flags().StringVar(&writeKey, "write-key", "", "write the recovery key into the new `FILE`")
	c.Flags().StringVar(&device, "device", "", "`NAME` of this device (its host name)")
	return c
}

// init makes the key safe with its user first, then the repository: a crash in
// between leaves a key without a repository, never the reverse.
func (p *program) init(ctx context.Context, writeKey, device string) error {
	dir, err := p.repositoryDir()
	if err != nil {
		return err
	}
	base, err := baseDirs(p.getenv)
	if err != nil {
		return err
	}
	name, err := deviceName(device)
	if err != nil {
		return err
	}
	if err := vacant(dir); err != nil {
		return err
	}
	key := seal.NewRecoveryKey()
	if writeKey != "" {
		err = writeKeyFile(key, writeKey, dir)
	} else {
		err = p.showKey(ctx, key)
	}
	if err != nil {
		return err
	}
	f, err := store.CreateFolder(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	id := seal.NewRepositoryID()
	if err := enrol(ctx, &repository{folder: f, id: id, dirs: base.of(id)}, key, name); err != nil {
		return err
	}
	if err := f.Finish(); err != nil {
		p.warn("warning: %v", err) // the next backup does it
	}
	return p.made(f, id, name, writeKey)
}

// made tells what init did.
func (p *program) made(f *store.Folder, id seal.RepositoryID, name, writeKey string) error {
	if p.json {
		return p.line(struct {
			Type       string `json:"type"`
			Repository string `json:"repository"`
			ID         string `json:"id"`
			Device     string `json:"device"`
			KeyFile    string `json:"key_file,omitempty"`
		}{"repository", f.Dir(), id.String(), name, writeKey})
	}
	p.say("made the repository %s, and enrolled this device as %s", quote(f.Dir()), quote(name))
	if writeKey != "" {
		p.say("the recovery key is in %s; keep a copy away from this machine: nobody can replace it", quote(writeKey))
	}
	return nil
}

// vacant refuses a folder that is a repository, or holds anything else. What an
// init that was cut off has left does not count.
func vacant(dir string) error {
	if began, err := store.Unfinished(dir); began || err != nil {
		return err
	}
	f, err := store.OpenFolder(dir)
	if err == nil {
		f.Close()
		return fail(exitError, fmt.Errorf("%s is a repository already", quote(dir)), "bakfs connect -r "+quote(dir)+" enrols this device in it")
	}
	if !errors.Is(err, store.ErrNoRepository) {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if n := e.Name(); n != ".DS_Store" && n != "desktop.ini" && n != ".directory" && n != ".dropbox" && n != ".stfolder" {
			return fail(exitError, fmt.Errorf("%s is not empty: it holds %s", quote(dir), quote(n)), "name a new folder, for example "+quote(filepath.Join(dir, "bakfs")))
		}
	}
	return nil
}

// deviceName is the name given, else the host's.
func deviceName(given string) (string, error) {
	name := given
	if name == "" {
		host, err := os.Hostname()
		if err != nil || host == "" {
			return "", fail(exitError, errors.New("this machine has no host name"), "give this device a name: --device NAME")
		}
		name = host
	}
	if len(name) > 255 || !utf8.ValidString(name) || !printable(name) {
		return "", usagef("--device %s: a name is 1 to 255 bytes of printable UTF-8", quote(name))
	}
	return name, nil
}

// writeKeyFile writes the key into a new file of the owner, outside of the repository.
func writeKeyFile(key seal.RecoveryKey, path, repository string) error {
	in, err := withinNew(path, repository)
	if err != nil {
		return err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(repository, abs); in || err == nil && filepath.IsLocal(rel) {
		return fail(exitUsage, fmt.Errorf("the key file %s would lie in the repository", quote(path)), "whoever holds the repository must not hold the key")
	}
	text := append(key.Text(), '\n')
	defer clear(text)
	err = writeDurably(abs, text, false)
	if errors.Is(err, iofs.ErrExist) {
		return fail(exitError, fmt.Errorf("the key file %s exists already", quote(path)), "name a new file; bakfs does not replace a key")
	}
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}

// showKey shows the key on the terminal and asks two of its groups back.
func (p *program) showKey(ctx context.Context, key seal.RecoveryKey) error {
	t, err := openTerminal()
	if err != nil || !isTerminal(os.Stdout) {
		if err == nil {
			t.Close()
		}
		return fail(exitError, errors.New("stdout is no terminal to show the recovery key on"), "give --write-key FILE to have it written into a new file")
	}
	defer t.Close()
	text := key.Text()
	defer clear(text)
	groups := bytes.Fields(text)
	p.printf("\nThe recovery key of this repository:\n\n    %s\n    %s\n\n", bytes.Join(groups[:4], []byte(" ")), bytes.Join(groups[4:], []byte(" ")))
	p.printf("Write it down now. It is not shown again, and without it nothing can be\nrestored on another machine. Then type two of its groups.\n\n")
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	for _, g := range twoGroups() {
		if err := askGroup(ctx, t, g, groups[g]); err != nil {
			return err
		}
	}
	return nil
}

// twoGroups picks two different groups of eight.
func twoGroups() []int {
	pick := func(n int64) int {
		i, err := rand.Int(rand.Reader, big.NewInt(n))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		return int(i.Int64())
	}
	first, second := pick(8), pick(7)
	if second >= first {
		second++
	}
	groups := []int{first, second}
	slices.Sort(groups)
	return groups
}

// askGroup asks for group g until it is right, three times at most.
func askGroup(ctx context.Context, t *terminal, g int, want []byte) error {
	for range 3 {
		line, err := t.ask(ctx, fmt.Sprintf("group %d: ", g+1), true)
		if err != nil {
			return err
		}
		if bytes.Equal(likeKey(line), want) {
			return nil
		}
		fmt.Fprintf(t, "that is not group %d of the key\n", g+1)
	}
	return fail(exitError, errors.New("the recovery key was not confirmed; nothing was made"), "run bakfs init again; it shows a new key")
}

// likeKey forgives what reading a whole key forgives.
func likeKey(line []byte) []byte {
	line = bytes.ToLower(line)
	return bytes.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '-':
			return -1
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		}
		return r
	}, line)
}
