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

	"golang.org/x/sys/unix"
)

// keyLimit is far more than any key with blanks in it, and keeps a wrong file from being read whole.
const keyLimit = 4096

// readSecretFile reads a file that only its owner can read, as far as its disk
// knows owners, or a pipe. what is what errors call it: "key file".
func readSecretFile(what, path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if !info.Mode().IsRegular() && info.Mode()&iofs.ModeNamedPipe == 0 {
		return nil, fmt.Errorf("%s %s is not a file", what, quote(path))
	}
	if info.Mode().Perm()&0o077 != 0 && hasModes(f) {
		return nil, fail(exitError, fmt.Errorf("%s %s can be read by others (mode %04o)", what, quote(path), info.Mode().Perm()),
			"chmod 600 "+quote(path))
	}
	text, err := readLimited(f)
	if at, e := f.Seek(0, io.SeekCurrent); e == nil && at < min(info.Size(), keyLimit+1) { // an error that the system shows as the end
		clear(text)
		text, err = nil, fmt.Errorf("only %d of %d bytes can be read", at, info.Size())
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", what, quote(path), err)
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

// runSecretCommand runs the command without a shell and returns what it prints. It
// may use the terminal to ask for whatever it needs. name is where the user gave it.
func (p *program) runSecretCommand(ctx context.Context, name, line string) ([]byte, error) {
	words, err := splitWords(line)
	if err != nil {
		return nil, usagef("%s: %w", name, err)
	}
	if len(words) == 0 {
		return nil, usagef("%s names no command", name)
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdin, cmd.Stderr = p.in, p.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		if e, ok := errors.AsType[*exec.Error](err); ok {
			err = e.Err // without the word: it may be a secret in the wrong place
		}
		return nil, hinted(fmt.Errorf("%s: %w", name, err), "it is run without a shell: blanks split words, quotes keep them, nothing else is special")
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
		return nil, fmt.Errorf("%s: %w", name, err)
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
		return nil, errors.New("too long for a key")
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
