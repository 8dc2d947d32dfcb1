// The plugin service of Argo CD, called as argocd-repo-server calls it: by grpc-go, over a socket, a connection for each request.

package main

import (
	"context"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/keepalive"
)

const (
	service       = "/plugin.ConfigManagementPluginService/"
	generate      = service + "GenerateManifest"
	match         = service + "MatchRepository"
	parameters    = service + "GetParametersAnnouncement"
	configuration = service + "CheckPluginConfiguration"
	health        = "/grpc.health.v1.Health/Check"

	// What the repo-server takes and sends unless it is told otherwise.
	maxMessage = 100 << 20
	usualChunk = 1024
)

// message is a message as it is on the wire. Code that is generated from the contract would have to be brought along.
type message struct{ bytes []byte }

type asItIs struct{}

func (asItIs) Name() string { return "proto" }

func (asItIs) Marshal(value interface{}) ([]byte, error) { return value.(*message).bytes, nil }

func (asItIs) Unmarshal(bytes []byte, value interface{}) error {
	value.(*message).bytes = append([]byte(nil), bytes...)
	return nil
}

// In the place of the library's own: so the type of the content is named as generated code names it.
func init() { encoding.RegisterCodec(asItIs{}) }

// request is what is asked about a repository.
type request struct {
	archive   *archive
	path      string
	variables [][2]string
	chunk     int
	// Called before each part of the archive but the first.
	between func(sent int) error
}

// dial connects as the repo-server does: the address is the bare path, and who cannot connect is told at once.
func dial(socket string) (*grpc.ClientConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return grpc.DialContext(ctx, socket,
		grpc.WithInsecure(),
		grpc.WithBlock(),
		grpc.FailOnNonTempDialError(true),
		grpc.WithContextDialer(func(ctx context.Context, path string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}),
		grpc.WithUnaryInterceptor(threeTimes),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
	)
}

// threeTimes tries calls of one message again.
func threeTimes(ctx context.Context, method string, asked, answer interface{}, connection *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption) (err error) {
	for attempt := 0; attempt < 3; attempt++ {
		if err = invoke(ctx, method, asked, answer, connection, options...); err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// unary calls a method that takes one message.
func unary(ctx context.Context, connection *grpc.ClientConn, method string, asked []byte) ([]byte, error) {
	answer := &message{}
	err := connection.Invoke(ctx, method, &message{asked}, answer)
	return answer.bytes, err
}

// ask sends a repository and returns the answer: what it is first, then its archive in parts.
func (r request) ask(ctx context.Context, connection *grpc.ClientConn, method string) ([]byte, error) {
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, method)
	if err != nil {
		return nil, err
	}
	send := func(field int, inner []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		// Where the stream has ended this says no more than that. The repo-server does not ask why, either.
		return stream.SendMsg(&message{text(nil, field, string(inner))})
	}
	if err := send(1, r.metadata()); err != nil {
		return nil, err
	}
	size := r.chunk
	if size == 0 {
		size = usualChunk
	}
	for sent := 0; sent < len(r.archive.bytes); sent += size {
		if r.between != nil && sent > 0 {
			if err := r.between(sent); err != nil {
				return nil, err
			}
		}
		end := sent + size
		if end > len(r.archive.bytes) {
			end = len(r.archive.bytes)
		}
		if err := send(2, text(nil, 1, string(r.archive.bytes[sent:end]))); err != nil {
			return nil, err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	answer := &message{}
	err = stream.RecvMsg(answer)
	return answer.bytes, err
}

// once asks over a connection of its own, as the repo-server does.
func (r request) once(ctx context.Context, socket, method string) ([]byte, error) {
	connection, err := dial(socket)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	return r.ask(ctx, connection, method)
}

func (r request) metadata() []byte {
	inner := text(nil, 1, "application")
	inner = text(inner, 2, r.path)
	inner = text(inner, 3, r.archive.checksum)
	inner = number(inner, 4, r.archive.size)
	for _, variable := range r.variables {
		inner = text(inner, 5, string(text(text(nil, 1, variable[0]), 2, variable[1])))
	}
	return inner
}
