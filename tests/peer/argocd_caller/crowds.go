// Many at once.

package main

import (
	"fmt"
	"path/filepath"
	"sort"
	"syscall"
	"time"

	"google.golang.org/grpc"
)

// others returns archives of the same resources that are not the same bytes: nothing that is kept helps.
func (c *checks) others(count int) ([]*archive, error) {
	var all []*archive
	for number := 0; number < count; number++ {
		files := overlay(200)
		files["zz-number"] = fmt.Sprint(number)
		root := filepath.Join(c.scratch, "others", fmt.Sprint(number))
		if err := write(root, files); err != nil {
			return nil, err
		}
		packed, err := pack(root)
		if err != nil {
			return nil, err
		}
		all = append(all, packed)
	}
	return all, nil
}

func (c *checks) crowds() (string, error) { return c.crowd(nil) }

func (c *checks) crowdsOnOne() (string, error) {
	connection, err := dial(c.served.socket)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return c.crowd(connection)
}

// crowd asks for as many applications at once, and says how long they took beside how long one takes.
func (c *checks) crowd(connection *grpc.ClientConn) (string, error) {
	printed, said, err := c.run("generate", c.resourcesPath, "overlay")
	if err != nil {
		return "", fmt.Errorf("%v: %s", err, said)
	}
	ask := func(packed *archive) (time.Duration, error) {
		ctx, cancel := withMinute()
		defer cancel()
		asked := request{archive: packed, path: "overlay"}
		begun := time.Now()
		var answer []byte
		var err error
		if connection == nil {
			answer, err = asked.once(ctx, c.served.socket, generate)
		} else {
			answer, err = asked.ask(ctx, connection, generate)
		}
		took := time.Since(begun)
		if err != nil {
			return took, err
		}
		got, err := manifests(answer)
		if err != nil {
			return took, err
		}
		return took, expect(got, printed)
	}
	summary := ""
	for round := 0; round < c.rounds; round++ {
		all, err := c.others(c.concurrent + 9)
		if err != nil {
			return "", err
		}
		var alone []time.Duration
		for _, packed := range all[c.concurrent:] {
			took, err := ask(packed)
			if err != nil {
				return "", err
			}
			alone = append(alone, took)
		}
		crowd, err := atOnce(all[:c.concurrent], ask)
		if err != nil {
			return "", err
		}
		lone, slowest := percentile(alone, 50), percentile(crowd, 99)
		summary += fmt.Sprintf("; alone %.1f ms, 99 of 100 within %.0f ms, %.1f ×", milliseconds(lone), milliseconds(slowest),
			float64(slowest)/float64(lone))
	}
	return summary[2:], nil
}

func atOnce(all []*archive, ask func(*archive) (time.Duration, error)) ([]time.Duration, error) {
	type done struct {
		took time.Duration
		err  error
	}
	ended := make(chan done)
	for _, packed := range all {
		go func(packed *archive) {
			took, err := ask(packed)
			ended <- done{took, err}
		}(packed)
	}
	var times []time.Duration
	var failed error
	for range all {
		one := <-ended
		times = append(times, one.took)
		if one.err != nil {
			failed = one.err
		}
	}
	return times, failed
}

func percentile(times []time.Duration, percent int) time.Duration {
	sort.Slice(times, func(a, b int) bool { return times[a] < times[b] })
	return times[(len(times)*percent+99)/100-1]
}

func milliseconds(time time.Duration) float64 { return float64(time.Microseconds()) / 1000 }

// ends tells a server to end while it is asked: who has begun is answered, who comes later finds nobody.
func (c *checks) ends() (string, error) {
	server, err := c.start("ending", nil)
	if err != nil {
		return "", err
	}
	all, err := c.others(10)
	if err != nil {
		return "", err
	}
	told := make(chan error, 1)
	began := make(chan bool, len(all))
	go func() {
		for range all {
			<-began
		}
		told <- server.command.Process.Signal(syscall.SIGTERM)
	}()
	_, err = atOnce(all, func(packed *archive) (time.Duration, error) {
		ctx, cancel := withMinute()
		defer cancel()
		first := true
		asked := request{archive: packed, path: "overlay", between: func(int) error {
			// The first part is on its way, and what came before it.
			if first {
				time.Sleep(100 * time.Millisecond)
				began <- true
			}
			first = false
			return nil
		}}
		_, err := asked.once(ctx, server.socket, generate)
		return 0, err
	})
	if err == nil {
		err = <-told
	}
	if err != nil {
		return "", err
	}
	left, err := server.end(0)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("left: %v", left)
	}
	if _, connected := dial(server.socket); err == nil && connected == nil {
		err = fmt.Errorf("somebody still listens")
	}
	return "", err
}
