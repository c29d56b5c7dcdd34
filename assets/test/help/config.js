// A configuration as the server sends it, with everything that one can have: about 330 bytes once the key is in.
export const PRIVATE_KEY = "YFxJOTJBQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1w=";

export const CONFIG = `[Interface]
PrivateKey = <your private key>
Address = 10.64.12.34/32, fd4d:6972:6169::40:c22/128
DNS = 10.64.0.1, fd4d:6972:6169::1

[Peer]
PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
PresharedKey = FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = vpn1.example.net:51820
PersistentKeepalive = 25
`;
