package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"os/exec"
	"syscall"

	"bakfs/seal"

	"golang.org/x/sys/unix"
)

// keyLimit is far more than a key with any blanks in it, and keeps a wrong file from being read whole.
const keyLimit = 4096

// falseFriends are variables that people know from other programs or guess. They
// are not read: a secret in the environment is seen by every child and kept in logs.
func falseFriends() []string {
	return []string{"BAKFS_PASSWORD", "BAKFS_PASSPHRASE", "BAKFS_KEY", "BAKFS_RECOVERY_KEY",
		"BAKFS_PASSWORD_FILE", "BAKFS_PASSWORD_COMMAND", "BAKFS_PASSCOMMAND", "BAKFS_PASSPHRASE_FD"}
}

// A keySource is where the user says the recovery key is. At most one is set.
type keySource struct {
	file    string
	fd      int // -1: none
	command string
}

// given reports whether the user named a source; else only the terminal is left.
func (k keySource) given() bool { return k.file != "" || k.fd >= 0 || k.command != "" }

// keySource picks the source: a flag wins over the environment.
func (p *program) keySource() (keySource, error) {
	none := keySource{fd: -1}
	if p.keyFile != "" && p.keyFD >= 0 {
		return none, usagef("--key-file and --key-fd are both given")
	}
	if p.keyFile != "" {
		return keySource{file: p.keyFile, fd: -1}, nil
	}
	if p.keyFD >= 0 {
		return keySource{fd: p.keyFD}, nil
	}
	file, command := p.getenv("BAKFS_KEY_FILE"), p.getenv("BAKFS_KEY_COMMAND")
	if file != "" && command != "" {
		return none, usagef("BAKFS_KEY_FILE and BAKFS_KEY_COMMAND are both set")
	}
	return keySource{file: file, fd: -1, command: command}, nil
}

// readKey reads the recovery key from where the user says, else from the terminal.
func (p *program) readKey(ctx context.Context) (seal.RecoveryKey, error) {
	if p.key != nil {
		return *p.key, nil
	}
	source, err := p.keySource()
	if err != nil {
		return seal.RecoveryKey{}, err
	}
	if !source.given() {
		return p.askKey(ctx)
	}
	text, name, err := source.read(ctx, p)
	defer clear(text)
	if err != nil {
		return seal.RecoveryKey{}, err
	}
	key, err := seal.ParseRecoveryKey(text)
	if err != nil {
		return seal.RecoveryKey{}, keyMistake(name, err)
	}
	return key, nil
}

// read returns the text of the key and the words for its source.
func (k keySource) read(ctx context.Context, p *program) (text []byte, name string, err error) {
	switch {
	case k.file != "":
		text, err = readKeyFile(k.file)
		return text, "key file " + quote(k.file), err
	case k.fd >= 0:
		text, err = readKeyFD(k.fd)
		return text, fmt.Sprintf("file descriptor %d", k.fd), err
	}
	text, err = runKeyCommand(ctx, k.command, p)
	return text, "what BAKFS_KEY_COMMAND printed", err
}

// keyMistake says what is wrong with a key that was read, never the key.
func keyMistake(name string, err error) error {
	var key *seal.KeyError
	if !errors.As(err, &key) {
		return fail(exitWrongKey, fmt.Errorf("%s: %w", name, err))
	}
	if key.Group > 0 {
		return fail(exitWrongKey, fmt.Errorf("%s: group %d of 8: %s", name, key.Group, key.Reason),
			fmt.Sprintf("compare the characters of group %d with what is written down", key.Group))
	}
	return fail(exitWrongKey, fmt.Errorf("%s: not a recovery key: %s", name, key.Reason),
		"a recovery key is 8 groups of 8 letters and digits")
}

// readKeyFile reads a key file that only its owner can read, as far as its disk
// knows owners, or a pipe.
func readKeyFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if !info.Mode().IsRegular() && info.Mode()&iofs.ModeNamedPipe == 0 {
		return nil, fmt.Errorf("key file %s is not a file", quote(path))
	}
	if info.Mode().Perm()&0o077 != 0 && hasModes(f) {
		return nil, fail(exitError, fmt.Errorf("key file %s can be read by others (mode %04o)", quote(path), info.Mode().Perm()),
			"chmod 600 "+quote(path))
	}
	text, err := readLimited(f)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", quote(path), err)
	}
	return text, nil
}

// hasModes reports whether the modes of files on f's disk are their own. On FAT and
// exFAT they are not: all files have the mode and owner that the mount says, chmod
// does nothing, and a key on a memory stick would be refused for no fault of its owner.
func hasModes(f *os.File) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &st) != nil || diskHasModes(int64(st.Type))
}

func diskHasModes(magic int64) bool {
	return magic != unix.MSDOS_SUPER_MAGIC && magic != unix.EXFAT_SUPER_MAGIC
}

// readKeyFD reads the key from an open file of the caller, to its end.
func readKeyFD(fd int) ([]byte, error) {
	if fd == 1 || fd == 2 {
		return nil, usagef("--key-fd %d is an output", fd)
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return nil, fail(exitUsage, fmt.Errorf("--key-fd %d: %w", fd, err), fmt.Sprintf("open it first: bakfs … --key-fd %d %d<FILE", fd, fd))
	}
	f := os.NewFile(uintptr(fd), "key")
	defer f.Close()
	if fd == 0 && isTerminal(f) {
		return nil, usagef("--key-fd 0 is a terminal; without --key-fd the key is asked without echo")
	}
	text, err := readLimited(f)
	if err != nil {
		return nil, fmt.Errorf("--key-fd %d: %w", fd, err)
	}
	return text, nil
}

// runKeyCommand runs the command without a shell and returns what it prints. It
// may use the terminal to ask for whatever it needs.
func runKeyCommand(ctx context.Context, line string, p *program) ([]byte, error) {
	words, err := splitWords(line)
	if err != nil {
		return nil, usagef("BAKFS_KEY_COMMAND: %w", err)
	}
	if len(words) == 0 {
		return nil, usagef("BAKFS_KEY_COMMAND names no command")
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdin, cmd.Stderr = p.in, p.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("BAKFS_KEY_COMMAND: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, hinted(fmt.Errorf("BAKFS_KEY_COMMAND: %w", err), "it is run without a shell: blanks split words, quotes keep them, nothing else is special")
	}
	text, readErr := readLimited(out)
	if readErr != nil {
		out.Close() // the command ends by SIGPIPE instead of writing for ever
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if endedBy(err, syscall.SIGINT) { // Ctrl-C goes to both, and its end may be seen first
		return nil, context.Canceled
	}
	if _, empty := errors.AsType[*failure](readErr); err == nil || readErr != nil && !empty {
		err = readErr
	}
	if err != nil {
		clear(text)
		return nil, fmt.Errorf("BAKFS_KEY_COMMAND: %w", err)
	}
	return text, nil
}

// endedBy reports whether err is that a command was ended by a signal.
func endedBy(err error, sig syscall.Signal) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == sig
}

// readLimited reads r to its end into one buffer, so that the key is not left behind in grown ones.
func readLimited(r io.Reader) ([]byte, error) {
	buf := make([]byte, keyLimit+1)
	n, err := io.ReadFull(r, buf)
	if err == nil {
		clear(buf)
		return nil, errors.New("too long for a recovery key")
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		clear(buf)
		return nil, err
	}
	if len(bytes.TrimSpace(buf[:n])) == 0 {
		return nil, fail(exitWrongKey, errors.New("empty"))
	}
	return buf[:n], nil
}

// askKey asks for the key on the terminal and says which group is mistyped, three times at most.
func (p *program) askKey(ctx context.Context) (seal.RecoveryKey, error) {
	t, err := openTerminal()
	if err != nil {
		return seal.RecoveryKey{}, p.noKey()
	}
	defer t.Close()
	for try := 1; ; try++ {
		text, err := t.ask(ctx, "recovery key: ", false)
		if err != nil {
			return seal.RecoveryKey{}, err
		}
		key, err := seal.ParseRecoveryKey(text)
		clear(text)
		if err == nil {
			return key, nil
		}
		err = keyMistake("recovery key", err)
		if try == 3 {
			return seal.RecoveryKey{}, err
		}
		report(t, err, false)
	}
}

// noKey is the error when no key is given and there is no terminal to ask on.
func (p *program) noKey() error {
	advice := []string{"give the recovery key by --key-file FILE, BAKFS_KEY_FILE, --key-fd N or BAKFS_KEY_COMMAND",
		"or enrol this device once: bakfs connect -r DIR"}
	for _, name := range p.falseFriends {
		advice = append([]string{name + " is not read; a key in the environment is seen by other programs: use BAKFS_KEY_FILE or BAKFS_KEY_COMMAND"}, advice...)
	}
	return fail(exitWrongKey, errors.New("this device is not enrolled, no recovery key is given, and there is no terminal to ask on"), advice...)
}
