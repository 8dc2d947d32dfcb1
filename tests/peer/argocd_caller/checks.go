// What must hold.

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// minute is how long the repo-server waits, unless it is told otherwise.
const minute = 60 * time.Second

type check struct {
	name string
	run  func() (string, error)
	// It starts a server of its own.
	starts bool
}

func (c *checks) all() []check {
	return []check{
		{"the plugin says whether it discovers", c.discovers, false},
		{"an application that is the plugin's is recognised, and another is not", c.recognises, false},
		{"parameters are announced as `parameters` prints them", c.announces, false},
		{"the sample is what `generate` prints", c.likeGenerate, false},
		{"200 resources are what `generate` prints", c.likeGenerateOfMany, false},
		{"messages on both sides may be large", c.large, false},
		{"an answer that the caller would not take is refused", c.tooLarge, true},
		{"faults of a repository have a code, and the words of `generate`", c.faults, true},
		{"requests that make no sense have a code", c.senseless, false},
		{"who cancels leaves nothing behind", c.cancels, false},
		{"a deadline is said before it passes", c.deadlines, true},
		{"many at once get the same, each over a connection of its own", c.crowds, false},
		{"many at once get the same over one connection", c.crowdsOnOne, false},
		{"who has begun is answered when the server ends", c.ends, true},
	}
}

// withMinute runs a call as the repo-server does.
func withMinute() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), minute)
}

func expect(is, should string) error {
	if is == should {
		return nil
	}
	place := 0
	for place < len(is) && place < len(should) && is[place] == should[place] {
		place++
	}
	from := place - 40
	if from < 0 {
		from = 0
	}
	return fmt.Errorf("%d bytes, not the same as %d, from byte %d on: %q, and not %q", len(is), len(should), place,
		cut(is[from:]), cut(should[from:]))
}

func cut(text string) string {
	if len(text) > 160 {
		return text[:160] + "…"
	}
	return text
}

// refused returns what an error says, if it is one of the server's with this code.
func refused(err error, code codes.Code) (string, error) {
	said, is := status.FromError(err)
	if !is || said.Code() != code {
		return "", fmt.Errorf("it should end with %v: %v", code, err)
	}
	if len(said.Message()) > 4096 {
		return "", fmt.Errorf("the message has %d bytes", len(said.Message()))
	}
	return said.Message(), nil
}

func (c *checks) discovers() (string, error) {
	connection, err := dial(c.served.socket)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	ctx, cancel := withMinute()
	defer cancel()
	answer, err := unary(ctx, connection, configuration, nil)
	if err == nil && (!isSet(answer, 1) || isSet(answer, 2)) {
		err = fmt.Errorf("the answer is %x", answer)
	}
	return "", err
}

func (c *checks) recognises() (string, error) {
	for path, ours := range map[string]bool{"overlays/staging": true, "keys": false} {
		ctx, cancel := withMinute()
		defer cancel()
		answer, err := request{archive: c.repository, path: path}.once(ctx, c.served.socket, match)
		if err != nil {
			return "", err
		}
		if isSet(answer, 1) != ours || !isSet(answer, 2) {
			return "", fmt.Errorf("%s: the answer is %x", path, answer)
		}
	}
	return "", nil
}

func (c *checks) announces() (string, error) {
	root := filepath.Join(c.scratch, "announces")
	if err := write(root, announcing); err != nil {
		return "", err
	}
	packed, err := pack(root)
	if err != nil {
		return "", err
	}
	ctx, cancel := withMinute()
	defer cancel()
	answer, err := request{archive: packed, path: "app"}.once(ctx, c.served.socket, parameters)
	if err != nil {
		return "", err
	}
	announced, err := texts(answer, 1)
	if err != nil {
		return "", err
	}
	var named []string
	for _, one := range announced {
		names, err := texts([]byte(one), 1)
		if err != nil {
			return "", err
		}
		named = append(named, names...)
	}
	printed, said, err := c.run("parameters", root, "app")
	if err != nil {
		return "", fmt.Errorf("%v: %s", err, said)
	}
	for _, name := range named {
		if !strings.Contains(printed, fmt.Sprintf("%q", name)) {
			return "", fmt.Errorf("`parameters` does not print %q: %s", name, printed)
		}
	}
	return "", expect(strings.Join(named, " "), "replicas host")
}

func (c *checks) likeGenerate() (string, error) {
	for _, path := range []string{"overlays/staging", "overlays/production"} {
		if _, err := c.same(c.repository, c.sample, path); err != nil {
			return "", err
		}
	}
	return "", nil
}

func (c *checks) likeGenerateOfMany() (string, error) {
	return c.same(c.resources, c.resourcesPath, "overlay")
}

// same asks for the manifests, in parts of several sizes, and compares them with what `generate` prints.
func (c *checks) same(packed *archive, root, path string, variables ...[2]string) (string, error) {
	var given []string
	for _, variable := range variables {
		given = append(given, variable[0]+"="+variable[1])
	}
	printed, said, err := c.run("generate", root, path, given...)
	if err != nil {
		return "", fmt.Errorf("%v: %s", err, said)
	}
	for _, size := range []int{usualChunk, 1, 1 << 20} {
		if size == 1 && len(packed.bytes) > 1<<16 {
			continue
		}
		ctx, cancel := withMinute()
		defer cancel()
		asked := request{archive: packed, path: path, chunk: size, variables: variables}
		answer, err := asked.once(ctx, c.served.socket, generate)
		if err != nil {
			return "", err
		}
		got, err := manifests(answer)
		if err != nil {
			return "", err
		}
		if err := expect(got, printed); err != nil {
			return "", fmt.Errorf("in parts of %d: %v", size, err)
		}
	}
	return fmt.Sprintf("%d bytes", len(printed)), nil
}
