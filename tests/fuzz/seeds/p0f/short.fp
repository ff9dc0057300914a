; signatures of one's own
classes = win,unix,other
[mtu]
label = Ethernet
sig   = 1500
[tcp:request]
label = s:unix:Linux:(Android)
sig   = *:64:0:*:mss*44,1:mss,sok,ts,nop,ws:df,id+:0
label = g:win:Windows:NT
sig   = 4:128:0:1460:%8192,*:mss,nop,ws,nop,nop,sok:df,id+,ecn:*
label = s:!:tool:x
sys   = @unix,@win
sig   = 6:64-:0:1024:mtu*2,14:mss,?77,eol+3:seq-,ack+,opt+,exws,bad:+
[http:request]
ua_os = Linux,Windows
label = s:!:wget:
sig   = *:User-Agent::Wget
