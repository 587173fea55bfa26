// Command bakfs keeps encrypted, deduplicated backups in a cloud folder and opens
// them again like a folder.
//
// This package holds the commands, the flags and the words for people; what is done
// is in the other packages. What always holds here:
//
//   - Data goes to stdout, words go to stderr; a name from a backup reaches a terminal only through quote or plain.
//   - No recovery key is in an argument, in the environment of a child, or in a message.
//   - Only main ends the process. Every command returns an error; exitCode says what it is worth.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"bakfs/seal"
)

// A program is one invocation: its streams, its environment, and what the flags
// that all commands share say.
type program struct {
	in     *os.File
	out    *bufio.Writer // stdout; main flushes it
	stderr *os.File
	getenv func(string) string

	repo    string
	keyFile string
	keyFD   int
	json    bool
	quiet   bool
	verbose bool

	key          *seal.RecoveryKey // of a mount's process: what its parent sent
	falseFriends []string          // variables that are set, look like a key, and are not read
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	if err := harden(); err != nil {
		return report(os.Stderr, err, false)
	}
	p := &program{in: os.Stdin, out: bufio.NewWriterSize(os.Stdout, 64<<10), stderr: os.Stderr, getenv: os.Getenv}
	for _, name := range falseFriends() {
		if os.Getenv(name) != "" {
			p.falseFriends = append(p.falseFriends, name)
			os.Unsetenv(name) // children need not have it
		}
	}
	ctx, stop := interruptible()
	defer stop()
	root := newRoot(p)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if flushErr := p.out.Flush(); flushErr != nil && err == nil {
		err = fmt.Errorf("stdout: %w", flushErr)
	}
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = context.Canceled
	}
	return report(os.Stderr, err, colour(os.Stderr, os.Getenv))
}

// interruptible returns a context that ends at the first SIGINT, SIGTERM or SIGHUP.
// The second one ends the process as if there were no handler.
func interruptible() (context.Context, func()) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	stop := context.AfterFunc(ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// say prints a sentence for people on stderr, unless -q.
func (p *program) say(format string, args ...any) {
	if !p.quiet {
		p.warn(format, args...)
	}
}

// warn prints a sentence on stderr even with -q.
func (p *program) warn(format string, args ...any) {
	fmt.Fprintln(p.stderr, "bakfs: "+plain(fmt.Sprintf(format, args...)))
}

// detail prints a sentence with -v.
func (p *program) detail(format string, args ...any) {
	if p.verbose {
		p.say(format, args...)
	}
}

// printf prints data on stdout. Errors stay in p.out and show when main flushes it.
func (p *program) printf(format string, args ...any) { fmt.Fprintf(p.out, format, args...) }
