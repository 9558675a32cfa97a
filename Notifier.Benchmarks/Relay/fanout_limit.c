#define _GNU_SOURCE
// The limit: one thread, a ready frame, write() in a loop. Connections are plain TCP and say who they are in four bytes; nothing is parsed but the publisher's
// request, which is one byte. With "ack" what clients send back is read and thrown away.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FD = 65536, GROUP = 100, PAYLOAD = 640 };
static int clients[MAX_FD], count, next_group, publisher = -1;

int main(int argc, char **argv) {
  if (argc < 2) return 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return 1;
  int queue = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event);
  static unsigned char frame[4 + PAYLOAD];
  frame[0] = 0x81, frame[1] = 126, frame[2] = PAYLOAD >> 8, frame[3] = PAYLOAD & 0xFF;
  memset(frame + 4, 'x', PAYLOAD);
  puts("ready");
  fflush(stdout);
  struct epoll_event events[512];
  char buffer[4096];
  for (;;) {
    int ready = epoll_wait(queue, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        int client;
        while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          event.events = EPOLLIN, event.data.fd = client;
          epoll_ctl(queue, EPOLL_CTL_ADD, client, &event);
        }
        continue;
      }
      ssize_t got = read(fd, buffer, sizeof buffer);
      if (got <= 0) {
        if (got == 0 || errno != EAGAIN) close(fd);
        continue;
      }
      if (buffer[0] == 'c') clients[count++] = fd; // a client: it is here to receive
      else if (buffer[0] == 'p') {                 // the publisher: a message for each byte
        publisher = fd;
        for (ssize_t n = 0; n < got; n++) {
          for (int g = 0; g < GROUP; g++) {
            const unsigned char *rest = frame;
            size_t left = sizeof frame;
            while (left > 0) {
              ssize_t sent = write(clients[(next_group + g) % count], rest, left);
              if (sent > 0) rest += sent, left -= (size_t)sent;
              else if (errno != EAGAIN) break;
            }
          }
          next_group = (next_group + GROUP) % count;
        }
        if (write(publisher, buffer, (size_t)got) < 0) return 1;
      }
    }
  }
}
