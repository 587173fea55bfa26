package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"bakfs/seal"
)

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
		text, err = readSecretFile("key file", k.file)
		return text, "key file " + quote(k.file), err
	case k.fd >= 0:
		text, err = readKeyFD(k.fd)
		return text, fmt.Sprintf("file descriptor %d", k.fd), err
	}
	text, err = p.runSecretCommand(ctx, "BAKFS_KEY_COMMAND", k.command)
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
