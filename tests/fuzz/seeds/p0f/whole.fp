[tcp:request]
label = s:other:x:
sig = 4:64:0:1460:1024,0:mss:df,id+:0
sig = 4:51+13:40:0:0,0::bad:+
