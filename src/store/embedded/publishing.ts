/** PUBLISH: messages go to whoever in this process listens; nobody else shares the memory. */
import { arg, type CommandTable, takes } from './command.ts';

export const publishCommands: CommandTable = {
  PUBLISH: takes(1, (space, channel, args) => space.publish(channel, arg(args, 0))),
};
