//go:build !linux

package store

import "syscall"

func renameNew(int, string, int, string) error { return syscall.ENOSYS }

func linkNew(int, string, int, string) error { return syscall.ENOSYS }
