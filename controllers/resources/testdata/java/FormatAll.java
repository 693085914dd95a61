import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Runs Kafka's storage tool in one virtual machine for each file of arguments
 * that it is given: arguments end with a null byte, as a shell passed them.
 * Prints the file and what the tool said, where it failed.
 */
public class FormatAll {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            String[] arguments = Files.readString(Path.of(file)).split("\0");
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            int status;
            try {
                status = kafka.tools.StorageTool.execute(arguments, new PrintStream(said));
            } catch (Throwable e) {
                said.writeBytes(e.toString().getBytes());
                status = 1;
            }
            if (status != 0) {
                System.out.println(file + ": " + said);
            }
        }
    }
}
