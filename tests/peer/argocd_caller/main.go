// Calls `hagane argocd serve` with grpc-go, as argocd-repo-server does. `run` builds and starts this.
//
//	argocd_caller -hagane target/release/hagane -sample overlays-sample
//
// Exit code: 0 all is as it should be, 1 something is not.

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
)

// checks are what all of them share.
type checks struct {
	hagane, sample, scratch string
	// The server that most of them call, and the repositories that they ask about.
	served                *server
	repository            *archive
	resources             *archive
	resourcesPath, broken string
	concurrent, rounds    int
}

func main() {
	os.Exit(run())
}

func run() int {
	c := &checks{}
	flag.StringVar(&c.hagane, "hagane", "target/release/hagane", "the program")
	flag.StringVar(&c.sample, "sample", "overlays-sample", "the repository of the sample")
	flag.IntVar(&c.concurrent, "concurrent", 50, "calls at once")
	flag.IntVar(&c.rounds, "rounds", 3, "how often they are made")
	socket := flag.String("socket", "", "a server that runs already, with --discover and the key of the sample; without it, one is started")
	only := flag.String("only", "", "only the checks whose name has this text")
	flag.Parse()
	if err := c.prepare(*socket); err != nil {
		fmt.Println("cannot begin:", err)
		return 1
	}
	defer os.RemoveAll(c.scratch)
	fmt.Println("grpc-go", grpc.Version)
	failed := 0
	for _, check := range c.all() {
		if !strings.Contains(check.name, *only) || check.starts && *socket != "" {
			continue
		}
		begun := time.Now()
		what, err := check.run()
		word := "ok    "
		if err != nil {
			failed, word, what = failed+1, "FAILED", err.Error()
		}
		fmt.Printf("%s %s (%d ms) %s\n", word, check.name, time.Since(begun).Milliseconds(), what)
	}
	if *socket == "" {
		left, err := c.served.end(syscall.SIGTERM)
		if err != nil || len(left) > 0 {
			fmt.Println("FAILED the server ends and leaves nothing:", err, left)
			failed++
		}
	}
	if failed > 0 {
		fmt.Printf("%d failed; the log of the server:\n%s", failed, c.served.said())
		return 1
	}
	return 0
}

// prepare makes the repositories and starts the server.
func (c *checks) prepare(socket string) (err error) {
	for _, path := range []*string{&c.hagane, &c.sample} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if c.scratch, err = os.MkdirTemp("", "argocd-caller-"); err != nil {
		return err
	}
	if c.repository, err = pack(c.sample); err != nil {
		return err
	}
	c.resourcesPath = filepath.Join(c.scratch, "resources")
	if err = write(c.resourcesPath, overlay(200)); err != nil {
		return err
	}
	if c.resources, err = pack(c.resourcesPath); err != nil {
		return err
	}
	c.broken = filepath.Join(c.scratch, "broken")
	if err = write(c.broken, broken); err != nil {
		return err
	}
	if socket != "" {
		c.served = &server{socket: socket}
		return nil
	}
	c.served, err = c.start("served", []string{"--discover"})
	return err
}
