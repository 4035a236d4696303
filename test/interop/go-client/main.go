// Drives an agent's RPC server with HashiCorp's own client: every method it has, and the errors that can be brought about.
// Prints one JSON object a call: which method, what for, what it returned.
//
//	go-client RPC_ADDRESS RPC_AUTH PEER_ADDRESS UNUSED_ADDRESS
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/hashicorp/serf/client"
)

const (
	firstKey  = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s="
	secondKey = "HvY8ubRZMgafUOWvrOadwOckVa1wN3QWAo46FVKbVN8="
	patience  = 10 * time.Second
	// The reference takes up a stream only after it has said so, and tells nobody when.
	untilStreaming = 500 * time.Millisecond
)

type record struct {
	Method string      `json:"method"`
	What   string      `json:"what"`
	Result interface{} `json:"result"`
	Error  string      `json:"error"`
}

type harness struct {
	addr, auth, peer, nobody string
	out                      *json.Encoder
	called                   map[string]bool
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: go-client RPC_ADDRESS RPC_AUTH PEER_ADDRESS UNUSED_ADDRESS")
		os.Exit(2)
	}
	log.SetOutput(os.Stderr)
	h := &harness{
		addr: os.Args[1], auth: os.Args[2], peer: os.Args[3], nobody: os.Args[4],
		out: json.NewEncoder(os.Stdout), called: map[string]bool{},
	}
	h.out.SetEscapeHTML(false)
	h.connecting()
	c := h.connect()
	h.membership(c)
	h.tags(c)
	h.events(c)
	h.queries(c)
	// Before a key is used: our agent first asks who has it, which counts as a query.
	h.figures(c)
	h.keys(c)
	h.logs(c)
	h.leaving(c)
	h.coverage()
}

// call notes what a method of the client returned.
func (h *harness) call(method, what string, f func() (interface{}, error)) interface{} {
	h.called[method] = true
	result, err := f()
	r := record{Method: method, What: what, Result: result}
	if err != nil {
		r.Error = err.Error()
	}
	if e := h.out.Encode(r); e != nil {
		log.Fatalf("cannot write: %v", e)
	}
	return result
}

// try is call for a method that returns nothing but an error.
func (h *harness) try(method, what string, f func() error) {
	h.call(method, what, func() (interface{}, error) { return nil, f() })
}

func (h *harness) connect() *client.RPCClient {
	c, err := client.ClientFromConfig(&client.Config{Addr: h.addr, AuthKey: h.auth, Timeout: patience})
	if err != nil {
		log.Fatalf("cannot connect: %v", err)
	}
	return c
}

func (h *harness) connecting() {
	dial := func(what, addr, auth string) {
		h.try("ClientFromConfig", what, func() error {
			c, err := client.ClientFromConfig(&client.Config{Addr: addr, AuthKey: auth, Timeout: patience})
			if err == nil {
				c.Close()
			}
			return err
		})
	}
	dial("with the key", h.addr, h.auth)
	dial("with a wrong key", h.addr, "open")
	dial("nobody there", h.nobody, h.auth)
	// Each on a connection of its own: without authentication the reference takes a request's body for the next request.
	strangers := []struct {
		method string
		ask    func(c *client.RPCClient) error
	}{
		{"Members", func(c *client.RPCClient) error { _, err := c.Members(); return err }},
		{"MembersFiltered", func(c *client.RPCClient) error { _, err := c.MembersFiltered(nil, "alive", ""); return err }},
		{"Join", func(c *client.RPCClient) error { _, err := c.Join([]string{h.peer}, false); return err }},
		{"UserEvent", func(c *client.RPCClient) error { return c.UserEvent("x", nil, false) }},
		{"ForceLeave", func(c *client.RPCClient) error { return c.ForceLeave("x") }},
		{"ForceLeavePrune", func(c *client.RPCClient) error { return c.ForceLeavePrune("x") }},
		{"UpdateTags", func(c *client.RPCClient) error { return c.UpdateTags(map[string]string{"a": "b"}, nil) }},
		{"Respond", func(c *client.RPCClient) error { return c.Respond(1, nil) }},
		{"InstallKey", func(c *client.RPCClient) error { _, err := c.InstallKey(secondKey); return err }},
		{"UseKey", func(c *client.RPCClient) error { _, err := c.UseKey(secondKey); return err }},
		{"RemoveKey", func(c *client.RPCClient) error { _, err := c.RemoveKey(secondKey); return err }},
		{"ListKeys", func(c *client.RPCClient) error { _, _, _, err := c.ListKeys(); return err }},
		{"Stats", func(c *client.RPCClient) error { _, err := c.Stats(); return err }},
		{"GetCoordinate", func(c *client.RPCClient) error { _, err := c.GetCoordinate("main"); return err }},
		{"Monitor", func(c *client.RPCClient) error { _, err := c.Monitor("debug", make(chan string, 1)); return err }},
		{"Stream", func(c *client.RPCClient) error {
			_, err := c.Stream("*", make(chan map[string]interface{}, 1))
			return err
		}},
		{"Query", func(c *client.RPCClient) error { return c.Query(&client.QueryParam{Name: "x"}) }},
		{"Stop", func(c *client.RPCClient) error { return c.Stop(1) }},
		{"Leave", func(c *client.RPCClient) error { return c.Leave() }},
	}
	for _, s := range strangers {
		c, err := client.NewRPCClient(h.addr)
		if err != nil {
			log.Fatalf("cannot connect: %v", err)
		}
		ask := s.ask
		h.try(s.method, "without the key", func() error { return ask(c) })
		c.Close()
	}
}

func (h *harness) membership(c *client.RPCClient) {
	join := func(what string, addrs ...string) {
		h.call("Join", what, func() (interface{}, error) { return c.Join(addrs, false) })
	}
	join("nobody there", h.nobody)
	join("a peer", h.peer)
	join("one of two", h.nobody, h.peer)
	join("no address")
	h.call("Members", "both alive", func() (interface{}, error) { return until(c, 2, "alive") })
	filtered := func(what string, c *client.RPCClient, tags map[string]string, status, name string) {
		h.call("MembersFiltered", what, func() (interface{}, error) {
			members, err := c.MembersFiltered(tags, status, name)
			return names(members), err
		})
	}
	filtered("by tag", c, map[string]string{"role": "w.b"}, "", "")
	filtered("by status", c, nil, "alive|failed", "")
	filtered("by name", c, nil, "", "p.*")
	filtered("nobody", c, nil, "left", "")
	for _, wrong := range []string{"tags", "status", "name"} {
		// The reference drops the connection then.
		other := h.connect()
		tags, status, name := map[string]string{}, "", ""
		switch wrong {
		case "tags":
			tags["role"] = "("
		case "status":
			status = "("
		case "name":
			name = "("
		}
		filtered("a wrong expression: "+wrong, other, tags, status, name)
		other.Close()
	}
	h.try("ForceLeave", "nobody of that name", func() error { return c.ForceLeave("nobody") })
	h.try("ForceLeavePrune", "nobody of that name", func() error { return c.ForceLeavePrune("nobody") })
}

func (h *harness) tags(c *client.RPCClient) {
	h.try("UpdateTags", "set", func() error { return c.UpdateTags(map[string]string{"zone": "north", "a": "1"}, nil) })
	h.try("UpdateTags", "delete", func() error { return c.UpdateTags(nil, []string{"a", "absent"}) })
	h.try("UpdateTags", "set and delete the same", func() error {
		return c.UpdateTags(map[string]string{"b": "2"}, []string{"b"})
	})
	h.try("UpdateTags", "too large", func() error {
		return c.UpdateTags(map[string]string{"large": strings.Repeat("x", 600)}, nil)
	})
	h.call("Members", "after the tags", func() (interface{}, error) { return own(c) })
}

func (h *harness) events(c *client.RPCClient) {
	events := make(chan map[string]interface{}, 64)
	var handle client.StreamHandle
	stream := func(what, filter string, ch chan map[string]interface{}) {
		h.try("Stream", what, func() (err error) {
			handle, err = c.Stream(filter, ch)
			return err
		})
		time.Sleep(untilStreaming)
	}
	stream("a wrong filter", "bogus", make(chan map[string]interface{}, 1))
	stream("user:deploy", "user:deploy", events)
	h.try("UserEvent", "one of another name", func() error { return c.UserEvent("other", nil, false) })
	h.try("UserEvent", "with bytes", func() error { return c.UserEvent("deploy", []byte{0, 1, 255}, false) })
	h.call("Stream", "brings the event", func() (interface{}, error) { return next(events) })
	h.try("UserEvent", "too large", func() error { return c.UserEvent("large", make([]byte, 600), false) })
	h.try("Stop", "the stream", func() error { return c.Stop(handle) })
	h.call("Stream", "is closed", func() (interface{}, error) {
		_, open := <-events
		return !open, nil
	})
	h.try("Stop", "a stream that is none", func() error { return c.Stop(4711) })
}

func (h *harness) queries(c *client.RPCClient) {
	// Another connection answers what this one asks.
	answering := h.connect()
	questions := make(chan map[string]interface{}, 64)
	if _, err := answering.Stream("query:ask", questions); err != nil {
		log.Fatalf("cannot stream: %v", err)
	}
	time.Sleep(untilStreaming)
	ask := func(what string, p client.QueryParam, meanwhile func()) {
		acks, responses := make(chan string, 16), make(chan client.NodeResponse, 16)
		p.AckCh, p.RespCh = acks, responses
		if p.Timeout == 0 {
			p.Timeout = time.Second
		}
		h.call("Query", what, func() (interface{}, error) {
			if err := c.Query(&p); err != nil {
				return nil, err
			}
			if meanwhile != nil {
				meanwhile()
			}
			return gather(acks, responses)
		})
	}
	onlyMain := []string{"main"}
	ask("answered over RPC", client.QueryParam{Name: "ask", Payload: []byte("what?"), RequestAck: true, FilterNodes: onlyMain}, func() {
		var id uint64
		h.call("Stream", "brings the query", func() (interface{}, error) {
			question, err := next(questions)
			if number, ok := number(question["ID"]); ok {
				id = number
			}
			return question, err
		})
		h.try("Respond", "to the query", func() error { return answering.Respond(id, []byte("that")) })
		h.try("Respond", "again", func() error { return answering.Respond(id, []byte("that")) })
	})
	h.try("Respond", "to no query", func() error { return answering.Respond(4711, nil) })
	answering.Close()
	ask("answered by a script", client.QueryParam{Name: "load", FilterTags: map[string]string{"role": "^web$"}}, nil)
	ask("acks of both", client.QueryParam{Name: "unhandled", RequestAck: true, RelayFactor: 1}, nil)
	ask("for nobody", client.QueryParam{Name: "load", RequestAck: true, FilterNodes: []string{"nobody"}, Timeout: 300 * time.Millisecond}, nil)
	ask("of an internal name", client.QueryParam{Name: "_serf_dance"}, nil)
	ask("too large", client.QueryParam{Name: "load", Payload: make([]byte, 1100)}, nil)
}

func (h *harness) keys(c *client.RPCClient) {
	list := func(what string) {
		h.call("ListKeys", what, func() (interface{}, error) {
			keys, nodes, messages, err := c.ListKeys()
			return map[string]interface{}{"keys": keys, "nodes": nodes, "messages": messages}, err
		})
	}
	change := func(method, what, key string, f func(string) (map[string]string, error)) {
		h.call(method, what, func() (interface{}, error) { return f(key) })
	}
	list("at first")
	change("InstallKey", "a new key", secondKey, c.InstallKey)
	change("InstallKey", "no base64", "no key", c.InstallKey)
	change("InstallKey", "of a wrong size", "YWJj", c.InstallKey)
	change("UseKey", "the new key", secondKey, c.UseKey)
	change("UseKey", "a key that is not installed", "AAAAAAAAAAAAAAAAAAAAAA==", c.UseKey)
	change("RemoveKey", "the key in use", secondKey, c.RemoveKey)
	change("RemoveKey", "the old key", firstKey, c.RemoveKey)
	list("at the end")
}

func (h *harness) figures(c *client.RPCClient) {
	h.call("Stats", "", func() (interface{}, error) {
		stats, err := c.Stats()
		delete(stats, "runtime")
		return stats, err
	})
	h.call("GetCoordinate", "of itself", func() (interface{}, error) {
		coord, err := c.GetCoordinate("main")
		if err != nil || coord == nil {
			return coord, err
		}
		finite := true
		for _, x := range append(coord.Vec, coord.Error, coord.Adjustment, coord.Height) {
			finite = finite && !math.IsNaN(x) && !math.IsInf(x, 0)
		}
		return map[string]interface{}{"dimensions": len(coord.Vec), "finite": finite}, nil
	})
	h.call("GetCoordinate", "of nobody", func() (interface{}, error) { return c.GetCoordinate("nobody") })
}

func (h *harness) logs(c *client.RPCClient) {
	lines := make(chan string, 1024)
	var handle client.StreamHandle
	h.try("Monitor", "at a level that is none", func() error {
		_, err := c.Monitor("loud", make(chan string, 1))
		return err
	})
	h.try("Monitor", "at info", func() (err error) {
		handle, err = c.Monitor("info", lines)
		return err
	})
	h.call("Monitor", "begins with what was logged before", func() (interface{}, error) {
		line, err := receive(lines)
		if at := strings.Index(line, "["); at >= 0 {
			line = line[at:]
		}
		return line, err
	})
	h.try("Monitor", "a second time", func() error {
		_, err := c.Monitor("info", make(chan string, 1))
		return err
	})
	h.try("Stop", "the monitor", func() error { return c.Stop(handle) })
	h.try("Monitor", "again after the stop", func() error {
		_, err := c.Monitor("err", make(chan string, 1024))
		return err
	})
}

func (h *harness) leaving(c *client.RPCClient) {
	h.call("IsClosed", "before", func() (interface{}, error) { return c.IsClosed(), nil })
	h.try("Leave", "", func() error { return c.Leave() })
	h.call("IsClosed", "after the leave", func() (interface{}, error) {
		for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
			if c.IsClosed() {
				return true, nil
			}
		}
		return false, nil
	})
	h.call("Members", "after the leave", func() (interface{}, error) { return c.Members() })
	h.try("Close", "", func() error { return c.Close() })
}

// coverage tells which methods of the client nobody called.
func (h *harness) coverage() {
	missing := []string{}
	t := reflect.TypeOf(&client.RPCClient{})
	for i := 0; i < t.NumMethod(); i++ {
		if name := t.Method(i).Name; !h.called[name] {
			missing = append(missing, name)
		}
	}
	h.call("", "methods not called", func() (interface{}, error) { return missing, nil })
}

// until waits until so many members have the status.
func until(c *client.RPCClient, count int, status string) (interface{}, error) {
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		members, err := c.Members()
		if err != nil {
			return nil, err
		}
		n := 0
		for _, m := range members {
			if m.Status == status {
				n++
			}
		}
		if n == count {
			sort.Slice(members, func(i, j int) bool { return members[i].Name < members[j].Name })
			return members, nil
		}
		if time.Since(began) > patience {
			return members, fmt.Errorf("waited in vain for %d members to be %s", count, status)
		}
	}
}

func own(c *client.RPCClient) (interface{}, error) { return c.MembersFiltered(nil, "", "main") }

func names(members []client.Member) []string {
	result := []string{}
	for _, m := range members {
		result = append(result, m.Name)
	}
	sort.Strings(result)
	return result
}

func next(events chan map[string]interface{}) (map[string]interface{}, error) {
	select {
	case event := <-events:
		return event, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("no event in time")
	}
}

func receive(lines chan string) (string, error) {
	select {
	case line := <-lines:
		return line, nil
	case <-time.After(patience):
		return "", fmt.Errorf("no line in time")
	}
}

// gather reads a query's acks and answers until it is over.
func gather(acks chan string, responses chan client.NodeResponse) (interface{}, error) {
	deadline := time.After(patience)
	gotAcks, gotResponses := []string{}, []string{}
	for acks != nil || responses != nil {
		select {
		case from, open := <-acks:
			if !open {
				acks = nil
				continue
			}
			// At the end of a query the reference may send acks of nobody.
			if from != "" {
				gotAcks = append(gotAcks, from)
			}
		case r, open := <-responses:
			if !open {
				responses = nil
				continue
			}
			if r.From != "" {
				gotResponses = append(gotResponses, r.From+": "+string(r.Payload))
			}
		case <-deadline:
			return nil, fmt.Errorf("the query did not end")
		}
	}
	sort.Strings(gotAcks)
	sort.Strings(gotResponses)
	return map[string]interface{}{"acks": gotAcks, "responses": gotResponses}, nil
}

// number reads what MessagePack made of an integer.
func number(value interface{}) (uint64, bool) {
	switch n := value.(type) {
	case int64:
		return uint64(n), true
	case uint64:
		return n, true
	}
	return 0, false
}
