// Sends packets to one address at a rate, for so long: those of its input, a line of hex each, one after the other, from several sockets in turn.
// At the end it prints how many it sent. Usage: flood ADDRESS PACKETS_PER_SECOND SECONDS FIRST_SOURCE SOURCES < packets
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

func main() {
	rate, _ := strconv.Atoi(os.Args[2])
	seconds, _ := strconv.Atoi(os.Args[3])
	first := net.ParseIP(os.Args[4]).To4()
	sources, _ := strconv.Atoi(os.Args[5])
	to, err := net.ResolveUDPAddr("udp4", os.Args[1])
	check(err)
	var sockets []*net.UDPConn
	for i := 0; i < sources; i++ {
		from := net.IPv4(first[0], first[1], first[2], first[3]+byte(i))
		socket, err := net.DialUDP("udp4", &net.UDPAddr{IP: from}, to)
		check(err)
		sockets = append(sockets, socket)
	}
	packets := read()
	start := time.Now()
	sent, failed := 0, 0
	for time.Since(start) < time.Duration(seconds)*time.Second {
		due := int(time.Since(start).Seconds() * float64(rate))
		// Whoever gets no time for a while does not make up for all of it.
		if due > sent+failed+rate/10 {
			due = sent + failed + rate/10
		}
		for n := sent + failed; n < due; n++ {
			if _, err := sockets[n%len(sockets)].Write(packets[n%len(packets)]); err != nil {
				failed++
			} else {
				sent++
			}
		}
		time.Sleep(time.Millisecond)
	}
	fmt.Println(sent)
}

func read() [][]byte {
	var packets [][]byte
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for lines.Scan() {
		packet, err := hex.DecodeString(lines.Text())
		check(err)
		packets = append(packets, packet)
	}
	return packets
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
