package fs

import (
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"strconv"
	"syscall"
	"testing"
)

func TestErrno(t *testing.T) {
	for _, c := range []struct {
		err  error
		want syscall.Errno
	}{
		{nil, 0},
		{iofs.ErrNotExist, syscall.ENOENT},
		{fmt.Errorf("a: %w", &iofs.PathError{Op: "open", Path: "x", Err: iofs.ErrNotExist}), syscall.ENOENT},
		{fmt.Errorf("a: %w", syscall.ENOENT), syscall.ENOENT},
		{errors.Join(errors.New("a"), os.ErrNotExist), syscall.ENOENT},
		{context.Canceled, syscall.EINTR},
		{fmt.Errorf("chunk: %w", fmt.Errorf("pack: %w", context.Canceled)), syscall.EINTR},
		{fmt.Errorf("a: %w", errStale), syscall.ESTALE},
		{context.DeadlineExceeded, syscall.EIO},
		{io.EOF, syscall.EIO},
		{io.ErrUnexpectedEOF, syscall.EIO},
		{fmt.Errorf("a: %w", iofs.ErrPermission), syscall.EIO},
		{syscall.ENOSYS, syscall.EIO},
		{syscall.ENOTDIR, syscall.EIO},
		{fmt.Errorf("a: %w", &iofs.PathError{Op: "sub", Path: "x", Err: syscall.ENOTDIR}), syscall.ENOTDIR},
		{&iofs.PathError{Op: "open", Path: "x", Err: syscall.ELOOP}, syscall.ELOOP},
		{&iofs.PathError{Op: "open", Path: "x", Err: fmt.Errorf("pack: %w", &iofs.PathError{Op: "open", Path: "/cloud/pack", Err: syscall.ENOTDIR})}, syscall.EIO},
		{errors.New("damaged"), syscall.EIO},
	} {
		if got := errno(c.err); got != c.want {
			t.Errorf("%v: %v, want %v", c.err, got, c.want)
		}
	}
}

func TestReportsOncePerPathInBoundedMemory(t *testing.T) {
	seen := map[string]int{}
	r := newReporter(func(p string, _ error) { seen[p]++ })
	for i := range 10 * reportLimit {
		for range 3 {
			r.report(strconv.Itoa(i), io.EOF)
		}
		r.report(strconv.Itoa(max(0, i-reportLimit/2)), io.EOF)
	}
	if len(seen) != 10*reportLimit {
		t.Errorf("%d paths reported", len(seen))
	}
	for p, n := range seen {
		if n != 1 {
			t.Errorf("%s reported %d times", p, n)
		}
	}
	if n := len(r.young) + len(r.old); n > 2*reportLimit {
		t.Errorf("%d paths remembered", n)
	}
	newReporter(nil).report("nobody listens", io.EOF)
}
