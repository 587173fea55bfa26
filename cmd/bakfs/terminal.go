package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// A terminal is the controlling terminal, whatever stdin and stdout are.
type terminal struct{ f *os.File }

func openTerminal() (*terminal, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return &terminal{f}, nil
}

func (t *terminal) Close() error                { return t.f.Close() }
func (t *terminal) Write(b []byte) (int, error) { return t.f.Write(b) }

// ask prints the prompt and returns the line typed, without its end. Without echo
// nothing typed is shown. When ctx ends, ask returns its error and the terminal is
// as it was.
func (t *terminal) ask(ctx context.Context, prompt string, echo bool) ([]byte, error) {
	before, err := t.setEcho(echo)
	if err != nil {
		return nil, err
	}
	defer t.restore(before)
	if _, err := io.WriteString(t.f, prompt); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { t.f.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	line, err := t.readLine()
	if !echo || err != nil {
		io.WriteString(t.f, "\n")
	}
	if ctx.Err() != nil {
		clear(line)
		return nil, ctx.Err()
	}
	return line, err
}

// readLine reads one line into one buffer; the terminal gives it whole.
func (t *terminal) readLine() ([]byte, error) {
	buf := make([]byte, keyLimit)
	for n := 0; n < len(buf); {
		m, err := t.f.Read(buf[n:])
		n += m
		if end := bytes.IndexByte(buf[:n], '\n'); end >= 0 {
			return buf[:end], nil
		}
		if err != nil || m == 0 {
			clear(buf)
			if err == nil || errors.Is(err, io.EOF) {
				return nil, errors.New("nothing was typed")
			}
			return nil, fmt.Errorf("terminal: %w", err)
		}
	}
	clear(buf)
	return nil, errors.New("the line is too long")
}

// setEcho switches echo and returns the settings before.
func (t *terminal) setEcho(on bool) (before *unix.Termios, err error) {
	ctlErr := t.control(func(fd int) {
		if before, err = unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
			return
		}
		now := *before
		now.Lflag |= unix.ICANON | unix.ISIG
		now.Iflag |= unix.ICRNL
		if on {
			now.Lflag |= unix.ECHO
		} else {
			now.Lflag &^= unix.ECHO
		}
		err = unix.IoctlSetTermios(fd, unix.TCSETS, &now)
	})
	return before, errors.Join(ctlErr, err)
}

func (t *terminal) restore(before *unix.Termios) {
	t.control(func(fd int) { unix.IoctlSetTermios(fd, unix.TCSETS, before) })
}

// control gives f the descriptor without taking it out of the runtime's poller,
// so that a waiting read can still be ended by a deadline.
func (t *terminal) control(f func(fd int)) error {
	c, err := t.f.SyscallConn()
	if err != nil {
		return err
	}
	return c.Control(func(fd uintptr) { f(int(fd)) })
}
