package transporttest

import (
	"crypto/tls"
	"errors"
	"net/http"
	"syscall"
)

var errorRules = []rule{
	{
		name: "Error/RefusedConnectionIsFound",
		says: "errors.Is finds in the error what the network said, here syscall.ECONNREFUSED",
		check: func(e *env) {
			s := e.serve(echo)
			req := s.request(http.MethodGet, nil)
			req.URL.Host = nowhere
			if _, err := s.do(req); !errors.Is(err, syscall.ECONNREFUSED) {
				e.errorf("the error is %v", err)
			}
		},
	},
	{
		name: "Error/CertificateIsFound",
		says: "errors.As finds in the error that a certificate is not trusted, as *tls.CertificateVerificationError",
		check: func(e *env) {
			s := e.untrusted()
			var found *tls.CertificateVerificationError
			if _, err := s.do(s.request(http.MethodGet, nil)); !errors.As(err, &found) {
				e.errorf("the error is %v", err)
			}
		},
	},
}

// untrusted starts a service whose certificate the client does not know.
func (e *env) untrusted() *service {
	e.http2 = true
	s := e.script(status(200))
	s.base.TLSClientConfig = new(tls.Config)
	return s
}
