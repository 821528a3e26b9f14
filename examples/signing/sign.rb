# Signed URLs and cookies with Ruby's own openssl.
#
#   ruby sign.rb cookies|url URL SECONDS     KEY_ID and PRIVATE_KEY name the key

require "base64"
require "json"
require "openssl"

# CloudFront's base64.
def encode(data)
  Base64.strict_encode64(data).tr("+=/", "-_~")
end

# The parts of a pass. A canned policy covers one URL; a custom one may hold * and ?.
def signed(resource, expires, key_pair_id, key, canned:)
  condition = { "DateLessThan" => { "AWS:EpochTime" => expires } }
  policy = JSON.generate({ "Statement" => [{ "Resource" => resource, "Condition" => condition }] })
  terms = canned ? { "Expires" => expires } : { "Policy" => encode(policy) }
  signature = encode(key.sign("SHA256", policy))
  terms.merge("Signature" => signature, "Key-Pair-Id" => key_pair_id, "Hash-Algorithm" => "SHA256")
end

kind, url, seconds = ARGV
key = OpenSSL::PKey.read(File.read(ENV.fetch("PRIVATE_KEY")))
expires = Time.now.to_i + Integer(seconds)
parts = signed(url, expires, ENV.fetch("KEY_ID"), key, canned: kind == "url")
if kind == "url"
  puts url + (url.include?("?") ? "&" : "?") + parts.map { |name, value| "#{name}=#{value}" }.join("&")
else
  # In Rails: cookies["CloudFront-#{name}"] = { value:, path: "/private", secure: true, httponly: true }
  puts "Cookie: " + parts.map { |name, value| "CloudFront-#{name}=#{value}" }.join("; ")
end
