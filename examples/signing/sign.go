// Signed URLs and cookies by the AWS SDK for Go.
//
//	go run sign.go cookies|url URL SECONDS     KEY_ID and PRIVATE_KEY name the key
package main

import (
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign"
)

func main() {
	kind, url := os.Args[1], os.Args[2]
	lifetime, err := time.ParseDuration(os.Args[3] + "s")
	check(err)
	// PKCS#1, which `openssl genrsa -traditional` writes; for PKCS#8 newer releases have
	// LoadPEMPrivKeyPKCS8AsSigner.
	key, err := sign.LoadPEMPrivKeyFile(os.Getenv("PRIVATE_KEY"))
	check(err)
	expires := time.Now().Add(lifetime)

	if kind == "url" {
		signed, err := sign.NewURLSigner(os.Getenv("KEY_ID"), key).Sign(url, expires)
		check(err)
		fmt.Println(signed)
		return
	}
	// The cookies come with HttpOnly set; here are Path, Domain and Secure, too.
	options := func(o *sign.CookieOptions) { o.Path, o.Secure = "/private", true }
	cookies, err := sign.NewCookieSigner(os.Getenv("KEY_ID"), key, options).Sign(url, expires)
	check(err)
	var pairs []string
	for _, cookie := range cookies { // in a handler: http.SetCookie(w, cookie)
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	fmt.Println("Cookie: " + strings.Join(pairs, "; "))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
